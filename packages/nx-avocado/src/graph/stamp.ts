import { statSync } from 'node:fs';

/**
 * Milliseconds that a change must lie back to be told by: within one tick of a file system's clock (ext4 4 ms, HFS+ 1 s,
 * FAT 2 s) a second change has the same time.
 */
const settled = 3000;

export interface Stamp {
  text: string;
  /** Whether it tells every later change. */
  settled: boolean;
}

/**
 * What tells, without reading it, that a file or a directory's list of entries is as it was. The inode's time of change
 * goes with every write, rename and chmod; no program can set it, as it can the time of writing.
 * @returns nothing where there is no such file, or it cannot be seen
 */
export function stampOf(path: string): Stamp | undefined {
  try {
    // Most of what is not there is a lock, one for each file; an exception costs ten times as much.
    const found = statSync(path, { throwIfNoEntry: false });
    if (!found) return undefined;
    const { ctimeMs, size, ino, dev } = found;
    return { text: `${ctimeMs} ${size} ${ino} ${dev}`, settled: Date.now() - ctimeMs > settled };
  } catch {
    return undefined;
  }
}
