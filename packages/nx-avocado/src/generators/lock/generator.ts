import { dirname, posix } from 'node:path';
import { globAsync, readNxJson } from '@nx/devkit';
import type { Tree } from '@nx/devkit';
import * as config from '@nx-avocado/engine/config';
import { AvocadoError } from '@nx-avocado/engine/error';
import * as feed from '@nx-avocado/engine/feed';
import * as lock from '@nx-avocado/engine/lock';
import type { LockWant } from '@nx-avocado/engine/lock';
import * as rust from '@nx-avocado/engine/rust';
import { lineReporter } from '../../executors/reporter';
import { compose } from '../../graph/compose';
import type { Composition } from '../../graph/compose';
import type { ResolvedFile } from '../../graph/model';
import { normaliseOptions } from '../../graph/options';
import type { PluginOptions } from '../../graph/options';
import { resolveFile } from '../../graph/resolve';

interface Options {
  /** Move every pin, not only those that are missing. */
  update?: boolean;
}

/** `nx g nx-avocado:lock`: brings avocado.lock beside each avocado.yaml up to date. */
export default async function lockGenerator(tree: Tree, { update = false }: Options): Promise<void> {
  await updateLocks(tree, update);
}

/**
 * What it changes goes through the tree, and where nothing is stale it needs no network: `nx sync` uses it too (sync.ts).
 * @returns the locks that changed
 */
export async function updateLocks(tree: Tree, update: boolean): Promise<string[]> {
  const options = pluginOptions(tree);
  const files = (await globAsync(tree, ['**/avocado.yaml'])).sort();
  const crates = (await globAsync(tree, ['**/Cargo.toml'])).sort();
  const engine = { ...config, ...feed, ...lock, ...rust };
  const resolved: ResolvedFile[] = [];
  for (const file of files) {
    resolved.push((await resolveFile(file, crates, options, tree.root, () => Promise.resolve(engine))).resolved);
  }
  const { standIn } = compose(files, resolved);
  const changed: string[] = [];
  for (const [index, file] of files.entries()) {
    const path = posix.join(dirname(file), lock.lockName);
    if (await writeLock(tree, path, wantsOf(file, resolved[index]!, standIn), update)) changed.push(path);
  }
  return changed;
}

async function writeLock(tree: Tree, path: string, wants: LockWant[], update: boolean): Promise<boolean> {
  const context = { reporter: lineReporter(process.stderr) };
  const text = tree.read(path, 'utf8');
  const before = text === null ? lock.emptyLock() : lock.parseLock(text, path);
  const stale = update ? wants : lock.staleWants(before, wants);
  // Nothing to resolve and nothing to drop: the usual case of `nx sync:check`.
  if (stale.length === 0 && lock.formatLock(lock.onlyProjects(before, wants)) === text) return false;
  const resolved = await lock.resolveInto(
    update ? lock.emptyLock() : before,
    stale,
    context,
    update ? undefined : before,
  );
  const formatted = lock.formatLock(lock.onlyProjects(resolved, wants));
  if (formatted === text) return false;
  tree.write(path, formatted);
  return true;
}

/**
 * What is composed from another folder is pinned there.
 * @throws AvocadoError what is wrong in the file; a lock of half a file would be no lock
 */
function wantsOf(file: string, resolved: ResolvedFile, standIn: Composition['standIn']): LockWant[] {
  const own = resolved.projects.filter((project) => standIn(project) === project);
  const machine = resolved.undecided === undefined ? resolved.machines[0] : undefined;
  const errors = [resolved.error, ...own.map((project) => machine && project.errors[machine])].filter(
    (error) => error !== undefined,
  );
  if (errors.length > 0) {
    throw new AvocadoError('LOCK_IMPOSSIBLE', `cannot pin the packages of ${file}:\n${errors.join('\n')}`);
  }
  return own.flatMap(({ kind, slices }) =>
    Object.entries(slices).map(([name, { section, requests }]) => ({
      project: { kind, name: section.name },
      machine: name,
      requests,
    })),
  );
}

function pluginOptions(tree: Tree): PluginOptions {
  const plugins = readNxJson(tree)?.plugins ?? [];
  const own = plugins.find((plugin) => typeof plugin !== 'string' && plugin.plugin === 'nx-avocado');
  return normaliseOptions(typeof own === 'object' ? own.options : undefined);
}
