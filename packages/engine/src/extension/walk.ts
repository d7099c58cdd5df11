import { lstat, readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { AvocadoError } from '../error';

export interface TreeEntry {
  /** Relative to the tree's root, with `/`. */
  path: string;
  kind: 'file' | 'directory' | 'link' | 'special';
  /** Permission bits, with setuid, setgid and sticky. */
  mode: number;
  size: number;
  /** Of a link. */
  target?: string;
  /** Device and inode of a file that has several names. */
  inode?: string;
}

/** Every entry below a directory, parents first, in the order of their names' bytes; no link is followed. */
export async function* walkTree(root: string, below = ''): AsyncGenerator<TreeEntry> {
  const names = (await readdir(join(root, below), { encoding: 'buffer' })).sort(Buffer.compare);
  for (const bytes of names) {
    const name = bytes.toString('utf8');
    const path = below === '' ? name : `${below}/${name}`;
    if (!bytes.equals(Buffer.from(name))) throw new AvocadoError('FILE_NAME_INVALID', `${path}: its name is not UTF-8`);
    const found = await lstat(join(root, path));
    const mode = found.mode & 0o7777;
    if (found.isDirectory()) {
      yield { path, kind: 'directory', mode, size: 0 };
      yield* walkTree(root, path);
    } else if (found.isSymbolicLink()) {
      yield { path, kind: 'link', mode, size: 0, target: await readlink(join(root, path)) };
    } else if (found.isFile()) {
      yield {
        path,
        kind: 'file',
        mode,
        size: found.size,
        ...(found.nlink > 1 ? { inode: `${found.dev}:${found.ino}` } : {}),
      };
    } else {
      yield { path, kind: 'special', mode, size: 0 };
    }
  }
}

/** All of a tree's entries at once: paths and modes, no content. */
export async function listTree(root: string): Promise<TreeEntry[]> {
  const entries: TreeEntry[] = [];
  for await (const entry of walkTree(root)) entries.push(entry);
  return entries;
}
