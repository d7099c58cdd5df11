import { existsSync, lstatSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { basename, join, posix, resolve } from 'node:path';
import { AvocadoError } from '../error';
import { canonicalJson, replaceDirectory, sha256, storePath, temporaryName, use, withLock } from '../store';
import { fetchCommit, hasCommit, isCommit, repositoryOf } from './fetch';
import { git } from './git';
import type { GitSource, GitTree, LockedSource, SourceContext } from './types';

export interface TreeContext extends SourceContext {
  /** Absolute. */
  workspaceRoot: string;
  /** One that stands there is taken as it is. */
  asItIs?: boolean;
}

/**
 * The tree that a pin and a source name. Beside the avocado.yaml that names it, ignored by git: the same path on every
 * machine, so that it can stand in a task's key, and the commit in it is all that the key needs.
 * @param folder of the avocado.yaml, relative to the workspace root
 */
export function gitTree(folder: string, source: GitSource, { url, commit }: LockedSource): GitTree {
  const { sparse_checkout: paths } = source;
  const suffix = paths ? `-${sha256(canonicalJson(paths)).slice(0, 8)}` : '';
  return {
    ...{ url, commit },
    ...(paths && { sparse_checkout: paths }),
    directory: posix.join(folder, '.avocado/sources', `${commit}${suffix}`),
  };
}

/**
 * Sees to it that a pinned tree stands at its place with the commit's bytes: fetched where it is missing, and put right
 * where somebody changed it.
 * @returns its absolute path
 * @throws AvocadoError `SOURCE_NOT_FETCHED`, `SOURCE_PATH_MISSING` and what fetching throws
 */
export async function openTree(tree: GitTree, context: TreeContext): Promise<string> {
  const path = resolve(context.workspaceRoot, tree.directory);
  if (!isCommit(tree.commit)) throw notFetched(tree);
  if (context.asItIs && existsSync(path)) return path;
  const repository = repositoryOf(tree.url);
  await use('git', basename(repository));
  const wait = (): void => context.reporter.info(`another process is reading ${tree.url}; waiting for it`);
  return withLock(
    storePath('locks', `git-${sha256(tree.url).slice(0, 24)}`),
    async () => {
      if (!(await hasCommit(repository, tree.commit))) await fetchCommit(tree, context);
      if (existsSync(path)) {
        if (await isIntact(repository, path)) return path;
        context.reporter.notice(`${tree.directory} was changed: it is the commit ${tree.commit} again`);
      }
      await checkOut(repository, tree, path);
      return path;
    },
    wait,
  );
}

/**
 * The avocado.yaml of a tree.
 * @param path where it stands, absolute
 * @throws AvocadoError `SOURCE_NOT_FETCHED`, `SOURCE_NOT_AVOCADO`
 */
export function treeConfig(path: string, tree: GitTree): string {
  if (!existsSync(path)) throw notFetched(tree);
  const { url, commit, sparse_checkout: paths } = tree;
  const file = join(path, 'avocado.yaml');
  if (lstatSync(file, { throwIfNoEntry: false })?.isFile()) return file;
  const where = paths?.length === 1 ? ` below ${paths[0]}` : '';
  throw new AvocadoError('SOURCE_NOT_AVOCADO', `${url} has no avocado.yaml${where} (commit ${commit})`, {
    hint: 'Name the directory that has it as the only entry of sparse_checkout, or choose another ref.',
  });
}

const indexOf = (path: string): string => `${path}.index`;

/** Nothing changed, nothing gone, nothing added, by git's own index of the tree. */
async function isIntact(repository: string, path: string): Promise<boolean> {
  const index = indexOf(path);
  if (!existsSync(index)) return false;
  const options = { isolated: true, env: { GIT_INDEX_FILE: index } };
  const where = [`--git-dir=${repository}`, `--work-tree=${path}`];
  const [changed, added] = [
    await git([...where, 'diff-files', '--quiet'], options),
    await git([...where, 'ls-files', '--others', '-z'], options),
  ];
  return changed.code === 0 && added.code === 0 && added.stdout === '';
}

async function checkOut(repository: string, tree: GitTree, path: string): Promise<void> {
  const index = temporaryName(indexOf(path));
  const run = async (args: string[], input?: string): Promise<string> => {
    const env = { GIT_INDEX_FILE: index };
    const { code, stdout, stderr } = await git(args, { isolated: true, env, ...(input !== undefined && { input }) });
    if (code === 0) return stdout;
    throw new AvocadoError('SOURCE_CHECKOUT_FAILED', `git cannot write ${tree.directory}`, { output: stderr });
  };
  try {
    await replaceDirectory(path, async (directory) => {
      const gitDirectory = `--git-dir=${repository}`;
      const { entire, entries } = await contents(gitDirectory, tree);
      if (entire !== undefined) await run([gitDirectory, 'read-tree', entire]);
      else await run([gitDirectory, 'update-index', '-z', '--index-info'], entries);
      await run([gitDirectory, `--work-tree=${directory}`, 'checkout-index', '--all', '--force', '--index']);
      await rm(indexOf(path), { force: true });
    });
    await rename(index, indexOf(path));
  } finally {
    await rm(index, { force: true });
  }
}

/**
 * What is checked out: a whole tree by its name, or entries of `git ls-tree`. One directory as the only sparse path
 * becomes the root, as upstream puts it.
 */
async function contents(
  gitDirectory: string,
  { commit, url, sparse_checkout: paths = [] }: GitTree,
): Promise<{ entire: string; entries?: undefined } | { entries: string; entire?: undefined }> {
  if (paths.length === 0) return { entire: commit };
  const names = paths.map((path) => posix.normalize(path).replace(/^\.\/|\/+$/g, ''));
  const list = async (name: string, ...how: string[]): Promise<string> => {
    const args = [gitDirectory, 'ls-tree', ...how, '-z', '--full-tree', commit, '--', ...(name === '.' ? [] : [name])];
    const { code, stdout } = await git(args, { isolated: true });
    if (code === 0 && stdout !== '') return stdout;
    throw new AvocadoError('SOURCE_PATH_MISSING', `${url} has no ${name} in the commit ${commit}`, {
      hint: 'Entries of sparse_checkout are directories or files of the repository, without patterns.',
    });
  };
  const [only, ...others] = names;
  if (others.length === 0 && only !== undefined) {
    if (only === '.') return { entire: commit };
    if (/^\d+ tree /.test(await list(only))) return { entire: `${commit}:${only}` };
  }
  const entries = await Promise.all(names.map((name) => list(name, '-r')));
  return { entries: entries.join('') };
}

function notFetched({ url, commit }: GitTree): AvocadoError {
  return new AvocadoError('SOURCE_NOT_FETCHED', `the commit ${commit} of ${url} is not on this machine yet`, {
    // The daemon keeps a graph until a file of the workspace changes, and what is fetched is none.
    hint: 'Fetch it: nx sync. Where the daemon of Nx still says so afterwards: nx reset',
  });
}
