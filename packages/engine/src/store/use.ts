import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { withLock } from './lock';
import { storePath } from './paths';
import type { StoreArea } from './paths';

/** What this process holds; gone when it ends. Of one that is killed the process id tells. */
const held = new Set<string>();

/**
 * Says that this process works with an entry of the store from now on until it ends, and that the entry is in use: pruning
 * leaves what a running process holds, and removes first what was not used for longest. To be called before looking
 * whether the entry is there. Without a name it is a whole area.
 *
 * The marker is written before looking for a pruning, which says that it prunes before looking for markers: one of the two
 * always sees the other.
 */
export async function use(area: StoreArea, name = ''): Promise<void> {
  markUsed(area, name);
  const holder = `${markerOf(area, name)}.${process.pid}`;
  write(holder);
  if (held.size === 0) process.once('exit', release);
  held.add(holder);
  if (existsSync(pruningMark())) await withLock(pruneLock(), () => rm(pruningMark(), { force: true }));
}

/** Says the second alone: of one of many entries in an area that is held as a whole. */
export function markUsed(area: StoreArea, name: string): void {
  write(markerOf(area, name));
}

function write(mark: string): void {
  try {
    mkdirSync(dirname(mark), { recursive: true });
    writeFileSync(mark, '');
  } catch {
    // A full disk or a read-only store must stop no build for the sake of a mark.
  }
}

function release(): void {
  for (const holder of held) rmSync(holder, { force: true });
}

/** Its modification time is that of the last use. */
export function markerOf(area: string, name: string): string {
  return storePath('used', `${area}-${name}`);
}

/** Held by whoever prunes. */
export const pruneLock = (): string => storePath('locks', 'prune');
/** There while somebody prunes, or was killed while pruning. */
export const pruningMark = (): string => storePath('locks', 'pruning');
