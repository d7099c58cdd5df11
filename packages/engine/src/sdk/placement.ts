import { readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

export interface RootEntry {
  name: string;
  kind: 'directory' | 'file' | 'link';
  /** Where a link points to. */
  to?: string;
}

/** Lists one directory of a root, sorted by name. */
export type ListDirectory = (path: string) => RootEntry[];

/** What the sandbox makes itself; the root's own are never shown. */
const ownDirectories = new Set(['/dev', '/proc', '/root', '/run', '/tmp']);

/**
 * bubblewrap arguments that show a root, read-only, at `/`.
 *
 * bubblewrap cannot make a mount point in a read-only bind. So `/` is its own tmpfs, and the root's entries are bound
 * into it one by one; a directory below which a mount point is missing is taken apart in the same way. Every other
 * directory is one bind, which keeps the number of mounts, and with it the start-up time, small.
 */
export function placeRoot(root: string, targets: readonly string[], list: ListDirectory = listDirectory): string[] {
  const place = (directory: string, inside: readonly string[]): string[] =>
    list(join(root, directory)).flatMap((entry) => {
      const path = join(directory, entry.name);
      if (ownDirectories.has(path) || inside.includes(path)) return [];
      if (entry.kind === 'link') return ['--symlink', entry.to ?? '', path];
      const below = inside.filter((target) => target.startsWith(`${path}/`));
      if (entry.kind === 'directory' && below.some((target) => isMissing(path, target))) {
        return ['--dir', path, ...place(path, below)];
      }
      return ['--ro-bind', join(root, path), path];
    });
  /** Whether the root has nothing at `target`, a path below `directory`. */
  const isMissing = (directory: string, target: string): boolean => {
    const [name = '', ...rest] = target.slice(directory.length + 1).split('/');
    const entry = list(join(root, directory)).find((found) => found.name === name);
    if (!entry) return true;
    return rest.length > 0 && entry.kind === 'directory' && isMissing(join(directory, name), target);
  };
  return place('/', targets);
}

function listDirectory(path: string): RootEntry[] {
  return readdirSync(path, { withFileTypes: true })
    .map((entry): RootEntry => {
      if (entry.isSymbolicLink()) {
        return { name: entry.name, kind: 'link', to: readlinkSync(join(path, entry.name)) };
      }
      return { name: entry.name, kind: entry.isDirectory() ? 'directory' : 'file' };
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}
