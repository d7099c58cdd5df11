import { realpathSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { AvocadoError } from '@nx-avocado/engine/error';
import { silentReporter } from '@nx-avocado/engine/report';
import type { GitSource, GitTree } from '@nx-avocado/engine/source';
import type { FetchedSource } from './model';
import type { SliceContext } from './slices';

type Context = Pick<SliceContext, 'config' | 'engine' | 'lock' | 'positionOf' | 'workspaceRoot'>;

/** `source: {type: git}` of an extension, as it is written. */
export function fetchedSource(name: string, { config, positionOf }: Context): FetchedSource | undefined {
  const source = config.extensions[name]?.source;
  if (source?.type !== 'git') return undefined;
  const { type: _type, include: _include, ...git } = source;
  return { extension: name, source: git, position: positionOf(['extensions', name, 'source']) };
}

/**
 * The tree that the lock pins for an extension with `source: {type: git}`; undefined where its source is none.
 * @throws AvocadoError `LOCK_MISSING`
 */
export function fetchedTree(name: string, context: Context): GitTree | undefined {
  const { config, engine, lock, workspaceRoot } = context;
  const found = fetchedSource(name, context);
  if (!found) return undefined;
  const { source, position } = found;
  const pin = engine.lockedSource(lock, { ...found, machine: config.machine });
  const folder = relative(workspaceRoot, dirname(config.file)).split(sep).join('/');
  if (pin) return engine.gitTree(folder, source, pin);
  throw new AvocadoError('LOCK_MISSING', `no commit of ${describe(source)} is pinned for extension ${name}`, {
    position,
    hint: 'Pin and fetch it, and commit the lock: nx sync',
  });
}

const describe = ({ url, ref }: GitSource): string => (ref === undefined ? url : `${url} (${ref})`);

/** Nx prints nothing while it makes the graph, so that nobody may have to wait for longer. */
const fetchTime = 60_000;

/**
 * Puts the trees that a file's extensions are fetched from where they belong, once for each pin: in a new clone, or after
 * a change of branch. It cannot be left to a command, for Nx's daemon would keep the graph that has none of them: what
 * is fetched is ignored by git. What is missing then, its own extension says.
 */
export async function placeTrees(context: Context): Promise<void> {
  const { config, engine, workspaceRoot } = context;
  const signal = AbortSignal.timeout(fetchTime);
  for (const name of Object.keys(config.extensions)) {
    try {
      const tree = fetchedTree(name, context);
      if (tree) await engine.openTree(tree, { workspaceRoot, reporter: silentReporter, signal, asItIs: true });
    } catch (error) {
      if (!(error instanceof AvocadoError)) throw error;
    }
  }
}

/**
 * The avocado.yaml of a fetched tree.
 * @throws AvocadoError `SOURCE_NOT_FETCHED`, `SOURCE_NOT_AVOCADO`
 */
export function fetchedConfig(name: string, tree: GitTree, context: Context & Pick<SliceContext, 'onRead'>): string {
  const { engine, positionOf, workspaceRoot } = context;
  const path = join(workspaceRoot, tree.directory);
  // Whether it is there or not: once it is, this is asked again.
  context.onRead(join(path, 'avocado.yaml'));
  try {
    return engine.treeConfig(path, tree);
  } catch (error) {
    if (!(error instanceof AvocadoError)) throw error;
    const { code, message, hint } = error;
    throw new AvocadoError(code, message, { position: positionOf(['extensions', name, 'source']), hint });
  }
}

/**
 * What a fetched avocado.yaml may not say: that its sources stand elsewhere.
 * @throws AvocadoError `CONFIG_PATH_OUTSIDE`
 */
export function checkInside(tree: GitTree, sourceDirectory: string, file: string, workspaceRoot: string): void {
  const root = realpathSync(join(workspaceRoot, tree.directory));
  const real = realpath(sourceDirectory);
  if (real === undefined || real === root || real.startsWith(`${root}${sep}`)) return;
  throw new AvocadoError('CONFIG_PATH_OUTSIDE', `src_dir leaves the repository ${tree.url}`, {
    position: { file },
    hint: 'What is fetched is built from itself alone: where sparse_checkout names a directory, all has to lie in it.',
  });
}

function realpath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    // Its tasks say what they miss.
    return undefined;
  }
}
