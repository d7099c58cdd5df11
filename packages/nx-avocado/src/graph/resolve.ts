import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Diagnostic } from '@nx-avocado/engine/config';
import { AvocadoError, formatError } from '@nx-avocado/engine/error';
import type { Reads } from './cache';
import { checkNotEmpty } from './empty-file';
import { loadEngine } from './engine';
import type { Engine } from './engine';
import { fetchedSource, placeTrees } from './fetched';
import { includeWant, placeIncludes } from './included';
import { findProjects } from './find-projects';
import type { FoundProject } from './find-projects';
import type { ResolvedFile, ResolvedProject } from './model';
import type { PluginOptions } from './options';
import { readNames, unresolved } from './read-names';
import { isGenerated, recordReads } from './reads';
import { extensionSlice, folderOf, packagesOf, runtimeSlice } from './slices';
import type { SliceContext } from './slices';
import { shareSlices } from './shared-slices';

type Loaded = ReturnType<Engine['loadConfigOrThrow']>;

/** Absolute paths and variables that were asked for. */
interface Read {
  files: Set<string>;
  env: Set<string>;
}

/** All that is wrong in a file, one after another, each with its place, code and hint. */
class FileErrors extends Error {}

/** What the generator that writes the locks has already. */
interface Given {
  engine?: Engine;
  /** Goes before the file's own lock. */
  lock?: SliceContext['lock'];
}

/** Resolves one avocado.yaml for every machine target it is for. Errors are part of the answer, never thrown. */
export async function resolveFile(
  file: string,
  crates: string[],
  options: PluginOptions,
  workspaceRoot: string,
  { engine, lock }: Given = {},
): Promise<{ resolved: ResolvedFile; reads: Reads }> {
  const path = join(workspaceRoot, file);
  const read: Read = { files: new Set([path]), env: new Set(['AVOCADO_TARGET']) };
  const resolve = async (): Promise<ResolvedFile> =>
    resolveWith(engine ?? (await loadEngine()), path, { crates, options, workspaceRoot }, read, lock);
  const resolved = await resolve().catch((error: unknown): ResolvedFile => ({
    machines: [],
    projects: readNames(path),
    reads: [],
    error: describe(error, workspaceRoot),
  }));
  const reads = recordReads(workspaceRoot, read.files, read.env);
  resolved.reads = Object.keys(reads.files).filter(
    (name) => isSource(name) && name !== file && !name.endsWith('.lock'),
  );
  return { resolved, reads };
}

/** Whether Nx sees it: the feed's own data may stand in node_modules, or outside of the workspace. */
function isSource(path: string): boolean {
  return !path.startsWith('../') && !path.split('/').includes('node_modules') && !isGenerated(path);
}

async function resolveWith(
  engine: Engine,
  path: string,
  given: Pick<SliceContext, 'crates' | 'options' | 'workspaceRoot'>,
  read: Read,
  givenLock: SliceContext['lock'] | undefined,
): Promise<ResolvedFile> {
  const { loaded, undecided, others } = loadAll(path, engine, given.options, read);
  const lockFile = join(dirname(path), engine.lockName);
  const lockFiles = [lockFile, join(dirname(path), engine.legacyLockName)];
  for (const name of lockFiles) read.files.add(name);
  // Most of the time that a workspace without locks takes would be spent on asking for them.
  const lock = givenLock ?? (lockFiles.some(existsSync) ? await engine.readLock(lockFile) : engine.emptyLock());
  const found = findProjects(loaded.map(({ config }) => config));
  if (found.length === 0) checkNotEmpty(path);
  const projects = found.map(({ kind, name }) => unresolved(kind, name));
  for (const { config, positionOf } of loaded) {
    const indexOf = (kind: FoundProject['kind'], name: string): number | undefined => {
      const index = found.findIndex(({ kind: other, names }) => other === kind && names[config.machine] === name);
      return index < 0 ? undefined : index;
    };
    const context: SliceContext = {
      ...given,
      ...{ engine, config, positionOf, lock, indexOf },
      onRead: (name) => read.files.add(name),
    };
    await placeTrees(context);
    await placeIncludes(context);
    for (const [index, project] of projects.entries()) {
      addSlice(project, found[index]?.names ?? {}, context);
    }
  }
  shareSlices(projects);
  return {
    machines: loaded.map(({ config }) => config.machine),
    projects,
    reads: [],
    others: Object.fromEntries(
      Object.entries(others).map(([machine, error]) => [machine, describe(error, given.workspaceRoot)]),
    ),
    ...(undecided !== undefined && { undecided: describe(new FileErrors(undecided), given.workspaceRoot) }),
  };
}

interface LoadedFile {
  /** The default machine target first; of the others, those that the feed knows and the file loads for. */
  loaded: Loaded[];
  undecided?: string;
  /** Why it is not loaded for the rest of those that the feed or the file names. */
  others: Record<string, unknown>;
}

function loadAll(path: string, engine: Engine, { feed }: PluginOptions, read: Read): LoadedFile {
  const load = (machine?: string) => {
    const result = engine.loadConfig(path, {
      machine,
      env: feed === 'avocado' ? withoutConnection(engine) : process.env,
    });
    for (const name of result.reads.env) read.env.add(name);
    // Relative to src_dir, which an error leaves unknown; then nothing is kept anyway.
    if (result.config) for (const name of result.reads.files) read.files.add(join(result.config.src_dir, name));
    return result;
  };
  const { header } = engine.readHeader(path, { env: process.env });
  // Avocado's feed does not say which machine targets it has.
  const known = feed === 'debian' ? engine.machineNames() : [];
  const named = [...new Set([...known, ...(header?.machines ?? [])])];
  const addOthers = (first: Loaded, machines: string[]): Pick<LoadedFile, 'loaded' | 'others'> => {
    const { machine: own, supported_targets: supported } = first.config;
    const result = { loaded: [first], others: {} as Record<string, unknown> };
    for (const machine of machines.filter((name) => name !== own)) {
      try {
        if (supported !== '*' && !supported.includes(machine)) throw unsupported(machine, supported, path);
        // Which machine targets Avocado's feed has, it says when it is asked.
        if (feed === 'debian') engine.machine(machine);
        const found = load(machine);
        if (!found.config) throw fileErrors(found.errors, engine);
        result.loaded.push(found);
      } catch (error) {
        result.others[machine] = error;
      }
    }
    return result;
  };
  const first = load();
  if (first.config) return addOthers(first, named);
  if (!isUndecided(first.errors)) throw fileErrors(first.errors, engine);
  const machines = namedMachines(path, engine);
  const possible = feed === 'debian' ? machines.filter((name) => known.includes(name)) : machines;
  // Without one that the feed knows, any shows what the file has.
  const outline = load(possible[0] ?? machines[0]);
  if (!outline.config) throw fileErrors(outline.errors, engine);
  return {
    ...addOthers(outline, [...new Set([...possible, ...named])]),
    undecided: undecidedText(first.errors, possible, engine),
  };
}

function unsupported(machine: string, supported: string[], file: string): AvocadoError {
  return new AvocadoError('CONFIG_TARGET_UNSUPPORTED', `supported_targets does not name ${machine}`, {
    position: { file },
    hint: `It names ${supported.join(', ')}.`,
  });
}

/** How this machine reaches the feed, credentials included, is no part of what is built: tasks ask when they fetch. */
function withoutConnection({ connectionVariables }: Engine): NodeJS.ProcessEnv {
  const names: readonly string[] = connectionVariables;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !names.includes(name)));
}

const isUndecided = (errors: Diagnostic[]): boolean => errors.every(({ code }) => code === 'CONFIG_TARGET_MISSING');

/** Those that the file names, in its order, then those of the feed, as far as the file is for them. */
function namedMachines(path: string, engine: Engine): string[] {
  const { header } = engine.readHeader(path, { env: process.env });
  if (!header) return engine.machineNames();
  const { machines, supported_targets: supported } = header;
  const all = [...new Set([...machines, ...engine.machineNames()])];
  return all.filter((name) => supported === '*' || supported.includes(name));
}

function undecidedText(errors: Diagnostic[], known: string[], engine: Engine): string {
  const text = errors.map(engine.formatDiagnostic).join('\n');
  if (known.length === 0) return text;
  return `${text}\n  hint: Name one with the task, such as nx run <project>:<task>:${known[0]}; here: ${known.join(', ')}.`;
}

function fileErrors(errors: Diagnostic[], { formatDiagnostic }: Engine): FileErrors {
  return new FileErrors(errors.map(formatDiagnostic).join('\n'));
}

/** Adds what the file says of a project for one machine target, or why nothing can be made of it. */
function addSlice(project: ResolvedProject, names: FoundProject['names'], context: SliceContext): void {
  const { machine } = context.config;
  const name = names[machine];
  try {
    if (name === undefined) throw notForTarget(project, context);
    if (Object.keys(names)[0] === machine) addOutline(project, name, context);
    const source = project.kind === 'extension' ? fetchedSource(name, context) : undefined;
    if (source) (project.sources ??= {})[machine] = source;
    const include = project.kind === 'extension' ? includeWant(name, context) : undefined;
    if (include) (project.includes ??= []).push(include);
    project.slices[machine] =
      project.kind === 'extension' ? extensionSlice(name, context) : runtimeSlice(name, context);
  } catch (error) {
    // Anything else is a bug of ours, and is not kept for the next run as a user's mistake would be.
    if (!(error instanceof AvocadoError)) throw error;
    project.errors[machine] = describe(error, context.workspaceRoot);
  }
}

function addOutline(project: ResolvedProject, name: string, context: SliceContext): void {
  if (project.kind === 'extension') {
    project.outline.packages = packagesOf(name, context);
    const folder = folderOf(name, context);
    if (folder !== undefined) project.folder = folder;
    return;
  }
  const listed = context.config.runtimes[name]?.extensions ?? [];
  project.outline.extensions = listed.flatMap((extension) => context.indexOf('extension', extension.name) ?? []);
}

function notForTarget({ kind, name }: ResolvedProject, { config }: SliceContext): AvocadoError {
  return new AvocadoError('PROJECT_NOT_FOR_TARGET', `${kind} ${name} is not for ${config.machine}`, {
    position: { file: config.file },
    hint: 'Choose another machine target for all that is built: AVOCADO_TARGET=<machine target> nx run ...',
  });
}

/** Places as the user knows them: relative to the workspace root. */
function describe(error: unknown, workspaceRoot: string): string {
  const text = error instanceof FileErrors ? error.message : formatError(error);
  return text.replaceAll(`${workspaceRoot}/`, '');
}
