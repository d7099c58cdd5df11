import { chmod, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Reporter } from '../report';
import { temporaryName } from './atomic';
import { readHolders, storeEntries } from './entries';
import type { StoreEntry } from './entries';
import { withLock } from './lock';
import { storePath } from './paths';
import { isRunning } from './running';
import { markerOf, pruneLock, pruningMark } from './use';

export interface PruneRules {
  /** Milliseconds: what was not used for so long goes. */
  olderThan?: number;
  /** Bytes that may stay; what was not used for longest goes first. */
  maxSize?: number;
}

/**
 * Which entries go: those of no use to anybody, those that were not used for long, and as many more as it takes to stay
 * within the size. Never one that is held.
 * @param now milliseconds since 1970
 */
export function planPrune(
  entries: readonly StoreEntry[],
  { olderThan, maxSize }: PruneRules,
  now: number,
): StoreEntry[] {
  const free = entries.filter(({ held }) => !held).sort((a, b) => a.used - b.used);
  const isOld = ({ stale, used }: StoreEntry): boolean => stale || (olderThan !== undefined && now - used > olderThan);
  const going = free.filter(isOld);
  let left = total(entries) - total(going);
  for (const entry of free) {
    if (maxSize === undefined || left <= maxSize) break;
    if (isOld(entry)) continue;
    going.push(entry);
    left -= entry.size;
  }
  return going;
}

export function total(entries: readonly StoreEntry[]): number {
  return entries.reduce((sum, { size }) => sum + size, 0);
}

export interface Pruned {
  before: StoreEntry[];
  removed: StoreEntry[];
}

/**
 * Removes from the store what the rules name.
 * @param beside entries of a workspace that go with it: all of them are of no use
 */
export async function pruneStore(rules: PruneRules, reporter: Reporter, beside: StoreEntry[] = []): Promise<Pruned> {
  await mkdir(storePath('locks'), { recursive: true });
  const wait = (): void => reporter.info('another process is pruning the store; waiting for it');
  return withLock(
    pruneLock(),
    async () => {
      await writeFile(pruningMark(), '');
      try {
        await sweepMarks();
        const before = [...(await storeEntries()), ...beside];
        const removed: StoreEntry[] = [];
        for (const entry of planPrune(before, rules, Date.now())) {
          const holders = await readHolders();
          if (holders.has(`${entry.area}-${entry.name}`) || holders.has(`${entry.area}-`)) continue;
          try {
            await removeEntry(entry);
            await rm(markerOf(entry.area, entry.name), { force: true });
            removed.push(entry);
          } catch (error) {
            reporter.warn(`cannot remove ${entry.paths.join(', ')}: ${(error as Error).message}`);
          }
        }
        return { before, removed };
      } finally {
        await rm(pruningMark(), { force: true });
      }
    },
    wait,
  );
}

/** Out of the way at once, then gone: killed meanwhile, the next pruning takes the rest. */
async function removeEntry({ paths }: StoreEntry): Promise<void> {
  for (const path of paths) {
    const temporary = temporaryName(path);
    await rename(path, temporary);
    await removeTree(temporary);
  }
}

/** Directories that nobody may write to, such as Go's module cache, too. */
async function removeTree(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true });
  } catch {
    await openDirectories(path);
    await rm(path, { recursive: true, force: true });
  }
}

async function openDirectories(path: string): Promise<void> {
  await chmod(path, 0o700);
  for (const entry of await readdir(path, { withFileTypes: true })) {
    if (entry.isDirectory()) await openDirectories(join(path, entry.name));
  }
}

/** Of processes that were killed. */
async function sweepMarks(): Promise<void> {
  const directory = storePath('used');
  for (const name of await readdir(directory).catch(() => [])) {
    const pid = /\.(\d+)$/.exec(name)?.[1];
    if (pid !== undefined && !isRunning(Number(pid))) await rm(join(directory, name), { force: true });
  }
}
