import { mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import type { Tree } from '@nx/devkit';
import { listSources } from '@nx-avocado/engine/compile';
import { requireAbsent } from '../shared/templates';

/**
 * Moves files and directories of `from` to the same paths below `to`, both relative to the workspace root: what version
 * control keeps, with its modes. The new folder may be inside of what moves (`app` to `app/app`).
 * @returns moves the symbolic links, which a tree cannot hold, once the files are on the disk
 * @throws AvocadoError `PATH_EXISTS`
 */
export function moveFiles(tree: Tree, from: string, to: string, paths: readonly string[]): () => void {
  const files = paths.flatMap((path) => listSources(tree.root, posix.join(from, path)));
  const moves = files.map(({ path, executable, link }) => {
    const target = posix.join(to, posix.relative(posix.join('/', from), posix.join('/', path)));
    return { path, target, link, executable, content: link === undefined ? tree.read(path) : null };
  });
  for (const { target } of moves) {
    if (!files.some(({ path }) => path === target)) requireAbsent(tree, target, 'directory');
  }
  for (const { path, link } of moves) if (link === undefined) tree.delete(path);
  for (const { target, content, executable } of moves) {
    if (content) tree.write(target, content, executable ? { mode: '755' } : {});
  }
  return () => {
    for (const { path } of moves.filter(({ link }) => link !== undefined))
      rmSync(join(tree.root, path), { force: true });
    for (const { target, link } of moves) {
      if (link === undefined) continue;
      mkdirSync(dirname(join(tree.root, target)), { recursive: true });
      symlinkSync(link, join(tree.root, target));
    }
  };
}
