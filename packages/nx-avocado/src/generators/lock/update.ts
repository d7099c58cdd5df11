import { join, posix } from 'node:path';
import { globAsync, readNxJson } from '@nx/devkit';
import type { Tree } from '@nx/devkit';
import * as config from '@nx-avocado/engine/config';
import { formatError } from '@nx-avocado/engine/error';
import * as feed from '@nx-avocado/engine/feed';
import * as lock from '@nx-avocado/engine/lock';
import type { Reporter } from '@nx-avocado/engine/report';
import * as rust from '@nx-avocado/engine/rust';
import { createDockerRunner, runnerOfRoots } from '@nx-avocado/engine/sdk';
import * as source from '@nx-avocado/engine/source';
import { lineReporter } from '../../executors/reporter';
import { compose } from '../../graph/compose';
import type { ResolvedFile } from '../../graph/model';
import { normaliseOptions } from '../../graph/options';
import type { PluginOptions } from '../../graph/options';
import { isGenerated } from '../../graph/reads';
import { resolveFile } from '../../graph/resolve';
import { wantsOf } from './wants';
import type { FileWants } from './wants';

export interface Updated {
  /** The locks that changed. */
  changed: string[];
  /** Why something could not be pinned that has to be, as text for the reader. */
  failed: string[];
}

interface Update {
  tree: Tree;
  options: PluginOptions;
  update: boolean;
  reporter: Reporter;
}

const engine = { ...config, ...feed, ...lock, ...rust, ...source };

/**
 * Brings every lock of the workspace up to date; what it changes goes through the tree. Where nothing is stale it needs
 * no network. One file's mistakes are no reason to leave the others alone: they come back as `failed`, and what this
 * feed does not have, for a machine target that it does not know for instance, is only told.
 */
export async function updateLocks(tree: Tree, update: boolean): Promise<Updated> {
  const run: Update = { tree, options: pluginOptions(tree), update, reporter: lineReporter(process.stderr) };
  const glob = async (pattern: string): Promise<string[]> =>
    (await globAsync(tree, [pattern])).filter((file) => !isGenerated(file)).sort();
  const files = await glob('**/avocado.yaml');
  const crates = await glob('**/Cargo.toml');
  const failed: string[] = [];
  const locks: lock.Lock[] = [];
  const resolved: ResolvedFile[] = [];
  for (const file of files) {
    const found = await resolveFile(file, crates, run.options, tree.root, { engine });
    const pinned = await pinSources(file, found.resolved, run);
    failed.push(...pinned.errors.map((error) => `cannot pin the sources of ${file}:\n${formatError(error)}`));
    locks.push(pinned.lock);
    resolved.push(
      pinned.moved
        ? (await resolveFile(file, crates, run.options, tree.root, { engine, lock: pinned.lock })).resolved
        : found.resolved,
    );
  }
  const { standIn } = compose(files, resolved);
  const changed: string[] = [];
  for (const [index, file] of files.entries()) {
    const found = resolved[index]!;
    if (found.error !== undefined) {
      if (!found.error.includes('[CONFIG_EMPTY]')) failed.push(`cannot pin the packages of ${file}:\n${found.error}`);
      continue;
    }
    const { notices, ...all } = wantsOf(found, standIn, join(tree.root, file));
    for (const notice of notices) run.reporter.notice(`not everything of ${file} can be pinned:\n${notice}`);
    const path = lockPath(file);
    if (await writeLock(path, locks[index]!, all, run)) changed.push(path);
  }
  return { changed, failed: failed.map((text) => text.replaceAll(`${tree.root}/`, '')) };
}

const lockPath = (file: string): string => posix.join(posix.dirname(file), lock.lockName);
const legacyPath = (file: string): string => posix.join(posix.dirname(file), lock.legacyLockName);

interface Pinned extends Pick<lock.PinnedSources, 'lock' | 'errors'> {
  /** Whether what is known of the file may have changed. */
  moved: boolean;
}

/** Before its packages: what a fetched extension asks for stands in its tree. */
async function pinSources(file: string, { projects, error }: ResolvedFile, run: Update): Promise<Pinned> {
  const { tree, update, reporter, options } = run;
  const path = [lockPath(file), legacyPath(file)].find((name) => tree.exists(name));
  const before = path === undefined ? lock.emptyLock() : lock.parseLock(tree.read(path, 'utf8') ?? '', path);
  const wants = projects.flatMap(({ sources = {} }) =>
    Object.entries(sources).map(([machine, found]) => ({ machine, ...found })),
  );
  if (error !== undefined) return { lock: before, errors: [], moved: false };
  const folder = posix.dirname(file);
  const context = { reporter, workspaceRoot: tree.root, folder, update, policy: options.lock };
  const { fetched, ...sources } = await lock.pinSources(before, wants, context);
  const includes = projects.flatMap((project) => project.includes ?? []);
  const found = await lock.pinIncludes(sources.lock, includes, update, { reporter, ...dnfContext(reporter) });
  const pinned = { lock: found.lock, errors: [...sources.errors, ...found.errors] };
  return { ...pinned, moved: fetched || lock.formatLock(pinned.lock) !== lock.formatLock(before) };
}

/** Where dnf runs; nothing is connected before it does. */
function dnfContext(reporter: Reporter): Pick<feed.FeedContext, 'runner' | 'images'> {
  return { runner: runnerOfRoots(createDockerRunner()), images: feed.dockerImages({ reporter }) };
}

async function writeLock(
  path: string,
  before: lock.Lock,
  { wants, keep, members }: Omit<FileWants, 'notices'>,
  { tree, update, reporter }: Update,
): Promise<boolean> {
  const dnf = dnfContext(reporter);
  const text = tree.read(path, 'utf8');
  const stale = update ? wants : lock.staleWants(before, wants);
  const all = [...wants, ...keep];
  const format = (next: lock.Lock): string => lock.formatLock(lock.withMembers(lock.onlyProjects(next, all), members));
  // Nothing to resolve and nothing to drop: the usual case of `nx sync:check`.
  if (stale.length === 0 && format(before) === text) return false;
  if (text === null && all.length === 0) return false;
  const start = update ? lock.beforeUpdate(before, keep) : before;
  const resolved = await lock.resolveInto(start, stale, { reporter, dnf }, update ? undefined : before);
  const formatted = format(resolved);
  if (formatted === text) return false;
  for (const name of lock.movedImages(text === null ? before : lock.parseLock(text, path), resolved)) {
    reporter.notice(`sdk.image ${name} stands for another image now than ${path} had: pinned that`);
  }
  tree.write(path, formatted);
  const legacy = posix.join(posix.dirname(path), lock.legacyLockName);
  if (tree.exists(legacy)) tree.delete(legacy);
  return true;
}

function pluginOptions(tree: Tree): PluginOptions {
  const plugins = readNxJson(tree)?.plugins ?? [];
  const own = plugins.find((plugin) => typeof plugin !== 'string' && plugin.plugin === 'nx-avocado');
  return normaliseOptions(typeof own === 'object' ? own.options : undefined);
}
