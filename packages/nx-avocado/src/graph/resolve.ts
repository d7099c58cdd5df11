import { dirname, join } from 'node:path';
import { AvocadoError, formatError } from '@nx-avocado/engine/error';
import type { Reads } from './cache';
import { loadEngine } from './engine';
import type { Engine } from './engine';
import { findProjects } from './find-projects';
import type { FoundProject } from './find-projects';
import type { ResolvedFile, ResolvedProject } from './model';
import type { PluginOptions } from './options';
import { readNames } from './read-names';
import { recordReads } from './reads';
import { extensionSlice, runtimeSlice } from './slices';
import type { SliceContext } from './slices';

type Loaded = ReturnType<Engine['loadConfigOrThrow']>;

/** Absolute paths and variables that were asked for. */
interface Read {
  files: Set<string>;
  env: Set<string>;
}

/** All that is wrong in a file, one after another, each with its place, code and hint. */
class FileErrors extends Error {}

/** Resolves one avocado.yaml for every machine target it is for. Errors are part of the answer, never thrown. */
export async function resolveFile(
  file: string,
  crates: string[],
  options: PluginOptions,
  workspaceRoot: string,
  load: () => Promise<Engine> = loadEngine,
): Promise<{ resolved: ResolvedFile; reads: Reads }> {
  const path = join(workspaceRoot, file);
  const read: Read = { files: new Set([path]), env: new Set(['AVOCADO_TARGET']) };
  const resolve = async (): Promise<ResolvedFile> =>
    resolveWith(await load(), path, { crates, options, workspaceRoot }, read);
  const resolved = await resolve().catch((error: unknown): ResolvedFile => ({
    machines: [],
    projects: readNames(path),
    error: describe(error, workspaceRoot),
  }));
  return { resolved, reads: recordReads(workspaceRoot, read.files, read.env) };
}

async function resolveWith(
  engine: Engine,
  path: string,
  given: Pick<SliceContext, 'crates' | 'options' | 'workspaceRoot'>,
  read: Read,
): Promise<ResolvedFile> {
  const loaded = loadAll(path, engine, read);
  const lockFile = join(dirname(path), engine.lockName);
  read.files.add(lockFile);
  const lock = await engine.readLock(lockFile);
  const found = findProjects(loaded.map(({ config }) => config));
  const projects = found.map(({ kind, name }): ResolvedProject => ({ kind, name, slices: {} }));
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
    const isDefault = config.machine === loaded[0]?.config.machine;
    for (const [index, project] of projects.entries()) {
      const error = addSlice(project, found[index]?.names[config.machine], context);
      if (error !== undefined && isDefault) project.error = describe(error, given.workspaceRoot);
    }
  }
  return { machines: loaded.map(({ config }) => config.machine), projects };
}

/** The default machine target first; of the others, those that the feed knows and the file loads for. */
function loadAll(path: string, engine: Engine, read: Read): Loaded[] {
  const load = (machine: string | undefined) => {
    const result = engine.loadConfig(path, { machine, env: process.env });
    for (const name of result.reads.env) read.env.add(name);
    // Relative to src_dir, which an error leaves unknown; then nothing is kept anyway.
    if (result.config) for (const name of result.reads.files) read.files.add(join(result.config.src_dir, name));
    return result;
  };
  const first = load(undefined);
  if (!first.config) throw new FileErrors(first.errors.map(engine.formatDiagnostic).join('\n'));
  const { machine, supported_targets: supported } = first.config;
  const others = engine.machineNames().filter((name) => name !== machine);
  return [
    first,
    ...others.flatMap((name) => {
      if (supported !== '*' && !supported.includes(name)) return [];
      const result = load(name);
      return result.config ? [result] : [];
    }),
  ];
}

/** @returns why there is none */
function addSlice(project: ResolvedProject, name: string | undefined, context: SliceContext): unknown {
  const { machine } = context.config;
  if (name === undefined) {
    return new AvocadoError('PROJECT_NOT_FOR_TARGET', `${project.kind} ${project.name} is not for ${machine}`, {
      position: { file: context.config.file },
      hint: 'Choose another machine target for all that is built: AVOCADO_TARGET=<machine target> nx run ...',
    });
  }
  try {
    project.slices[machine] =
      project.kind === 'extension' ? extensionSlice(name, context) : runtimeSlice(name, context);
    return undefined;
  } catch (error) {
    return error;
  }
}

/** Places as the user knows them: relative to the workspace root. */
function describe(error: unknown, workspaceRoot: string): string {
  const text = error instanceof FileErrors ? error.message : formatError(error);
  return text.replaceAll(`${workspaceRoot}/`, '');
}
