import { lstatSync } from 'node:fs';
import { posix, relative, sep } from 'node:path';
import { listSources } from '../compile/sources';
import type { TreeEntry } from './walk';

/**
 * What an overlay leaves out: files and links that an ignore file of the workspace names, and directories that hold
 * nothing else. Nx hashes none of them: an image with them would stay as it is when they change.
 * @param entries all of the overlay's, relative to `directory`
 * @returns paths relative to `directory`
 */
export function ignoredEntries(
  workspaceRoot: string,
  directory: string,
  entries: readonly Pick<TreeEntry, 'path' | 'kind'>[],
): Set<string> {
  // What a link leads to has its ignore files elsewhere.
  if (lstatSync(directory).isSymbolicLink()) return new Set();
  const start = relative(workspaceRoot, directory).split(sep).join('/');
  const kept = new Set(listSources(workspaceRoot, start).map(({ path }) => posix.relative(start, path)));
  const ignored = entries.filter(({ path, kind }) => (kind === 'file' || kind === 'link') && !kept.has(path));
  const needed = directoriesOf([...kept]);
  const emptied = [...directoriesOf(ignored.map(({ path }) => path))].filter((path) => !needed.has(path));
  return new Set([...ignored.map(({ path }) => path), ...emptied]);
}

/** The directories above the paths. */
function directoriesOf(paths: readonly string[]): Set<string> {
  const found = new Set<string>();
  for (const path of paths) {
    for (let parent = posix.dirname(path); parent !== '.' && !found.has(parent); parent = posix.dirname(parent)) {
      found.add(parent);
    }
  }
  return found;
}
