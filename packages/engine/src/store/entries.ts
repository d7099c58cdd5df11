import { execFile } from 'node:child_process';
import { lstat, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { leftoverProcess } from './atomic';
import { storePath } from './paths';
import type { StoreArea } from './paths';
import { isRunning } from './running';
import { markerOf } from './use';

/** Everything in these can be made or fetched again. Locks and marks of use are no data. */
export const prunedAreas = [
  'roots',
  'debs',
  'rpms',
  'disks',
  'deployed',
  'warm',
  'git',
  'work',
  'logs',
  'apt',
  'images',
] as const;

export interface StoreEntry {
  area: string;
  name: string;
  /** Absolute; what is removed with it. */
  paths: string[];
  /** Bytes on the disk: of a sparse file as many as it takes. */
  size: number;
  /** Milliseconds since 1970. */
  used: number;
  /** A running process works with it. */
  held: boolean;
  /** Of a process that was killed, or of a project that is gone: of no use to anybody. */
  stale: boolean;
}

/** Every entry of the store, by area and name. */
export async function storeEntries(): Promise<StoreEntry[]> {
  const holders = await readHolders();
  const entries: StoreEntry[] = [];
  for (const area of prunedAreas) {
    const names = (await readdir(storePath(area)).catch(() => [])).sort();
    for (const name of names) {
      // What a disk was when it was made (runtime/disk-store.ts) goes with it.
      if (name.endsWith('.raw.json') && names.includes(name.slice(0, -'.json'.length))) continue;
      const process = leftoverProcess(name);
      if (process !== undefined && isRunning(process)) continue;
      const paths = [name, ...(names.includes(`${name}.json`) ? [`${name}.json`] : [])];
      entries.push({
        ...{ area, name, size: 0, stale: process !== undefined },
        paths: paths.map((path) => storePath(area, path)),
        used: await lastUse(area, name),
        held: holders.has(`${area}-${name}`) || holders.has(`${area}-`),
      });
    }
  }
  await measure(entries);
  return entries;
}

async function lastUse(area: StoreArea, name: string): Promise<number> {
  const times = await Promise.all(
    [markerOf(area, name), storePath(area, name)].map((path) =>
      lstat(path).then(
        ({ mtimeMs }) => mtimeMs,
        () => 0,
      ),
    ),
  );
  return Math.max(...times);
}

/** `roots-<digest>` of what running processes hold. */
export async function readHolders(): Promise<Set<string>> {
  const names = await readdir(storePath('used')).catch(() => []);
  return new Set(
    names.flatMap((name) => {
      const [, entry, pid] = /^(.*)\.(\d+)$/.exec(name) ?? [];
      return entry !== undefined && isRunning(Number(pid)) ? [entry] : [];
    }),
  );
}

/** Fills in the sizes. Whole trees are du's work, which is ten times as fast as ours. */
export async function measure(entries: StoreEntry[]): Promise<void> {
  const directories = new Map<string, StoreEntry>();
  for (const entry of entries) {
    for (const path of entry.paths) {
      const found = await lstat(path).catch(() => undefined);
      if (found?.isDirectory()) directories.set(path, entry);
      else entry.size += (found?.blocks ?? 0) * 512;
    }
  }
  const paths = [...directories.keys()];
  for (let at = 0; at < paths.length; at += 500) {
    for (const line of (await du(paths.slice(at, at + 500))).split('\n')) {
      const [, kilobytes, path = ''] = /^(\d+)\t(.*)$/.exec(line) ?? [];
      const entry = directories.get(path);
      if (entry) entry.size += Number(kilobytes) * 1024;
    }
  }
}

/** What it could not read, or what vanished meanwhile, is missing in what it says. */
function du(paths: string[]): Promise<string> {
  return new Promise((resolve) => {
    const env = { ...process.env, LC_ALL: 'C' };
    execFile('du', ['-sk', '--', ...paths], { maxBuffer: 16 * 1024 * 1024, env }, (_error, stdout) => resolve(stdout));
  });
}

/** What is of no use to anybody, outside of the store. */
export async function staleEntry(area: string, root: string, name: string): Promise<StoreEntry> {
  const path = join(root, name);
  const { mtimeMs } = await stat(path);
  return { area, name, paths: [path], size: 0, used: mtimeMs, held: false, stale: true };
}
