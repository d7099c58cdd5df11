import { readFile, readdir, rm, stat } from 'node:fs/promises';
import { storePath, writeFileAtomic } from '../store';

/** Disks of one project that stay in the store beside the current one: what was booted before is often booted again. */
const kept = 1;

interface DiskState {
  project: string;
  size: number;
  mtimeMs: number;
}

/**
 * Beside each disk, what it was when it was made: a disk that anybody wrote to or cut off since is made anew. Hashing a
 * disk at each boot would take longer than making it.
 */
export async function recordDisk(path: string, project: string): Promise<void> {
  const { size, mtimeMs } = await stat(path);
  const state: DiskState = { project, size, mtimeMs };
  await writeFileAtomic(`${path}.json`, `${JSON.stringify(state)}\n`);
}

export async function isIntact(path: string): Promise<boolean> {
  const state = await readState(path);
  const found = await stat(path).catch(() => undefined);
  return state !== undefined && found?.size === state.size && found.mtimeMs === state.mtimeMs;
}

/** Removes older disks of the project. A machine that still runs on one keeps it open. */
export async function pruneDisks(project: string, current: string): Promise<void> {
  const directory = storePath('disks');
  const others: { path: string; mtimeMs: number }[] = [];
  for (const name of await readdir(directory)) {
    if (!name.endsWith('.raw') || name === current) continue;
    const path = `${directory}/${name}`;
    const state = await readState(path);
    if (state?.project === project) others.push({ path, mtimeMs: state.mtimeMs });
  }
  others.sort((a, b) => b.mtimeMs - a.mtimeMs);
  for (const { path } of others.slice(kept)) {
    await rm(path, { force: true });
    await rm(`${path}.json`, { force: true });
  }
}

async function readState(path: string): Promise<DiskState | undefined> {
  try {
    return JSON.parse(await readFile(`${path}.json`, 'utf8')) as DiskState;
  } catch {
    // Gone or half written: the disk counts as not there.
    return undefined;
  }
}
