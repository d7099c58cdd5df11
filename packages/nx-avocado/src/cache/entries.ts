import { existsSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { TaskGraph } from '@nx/devkit';
import { AvocadoError } from '@nx-avocado/engine/error';
import { verifyManifest } from '@nx-avocado/engine/store';

/** Of Nx's context what tells which entries a run looked at. */
export interface CacheContext {
  taskGraph?: Pick<TaskGraph, 'tasks'>;
}

/** `app/.avocado/app/qemux86-64/build`: an output with a manifest. */
const output = /(^|[/])\.avocado[/][^/]+[/][^/]+[/][^/]+$/;

/** An error about an output of a task before this one may come from a damaged entry of Nx's cache: see below. */
export async function dropDamagedOn(error: unknown, { taskGraph }: CacheContext): Promise<void> {
  if (!taskGraph || !(error instanceof AvocadoError) || !error.code.startsWith('OUTPUT_')) return;
  // Takes 0.3 s to load.
  const { cacheDir } = await import('@nx/devkit');
  await dropDamagedEntries(cacheDir, taskGraph);
}

/**
 * Removes the entries of Nx's local cache that hold an output of these tasks and are not what was stored, whatever key they
 * have (a task is not told its own graph's): Nx does not check them, and `--skip-nx-cache` replaces none, so the next run
 * would get the same bytes again. An entry with nothing in it says nothing, and goes, too.
 * @returns keys of the entries that were removed
 */
export async function dropDamagedEntries(
  cacheDirectory: string,
  { tasks }: Pick<TaskGraph, 'tasks'>,
): Promise<string[]> {
  const outputs = Object.values(tasks).flatMap((task) => task.outputs.filter((path) => output.test(path)));
  const dropped: string[] = [];
  for (const key of await readdir(cacheDirectory).catch(() => [])) {
    const entry = join(cacheDirectory, key);
    if (!/^\d+$/.test(key) || (await isWhole(entry, outputs))) continue;
    await rm(entry, { recursive: true, force: true });
    dropped.push(key);
  }
  return dropped;
}

async function isWhole(entry: string, outputs: string[]): Promise<boolean> {
  const held = outputs.filter((path) => existsSync(join(entry, path)));
  try {
    for (const path of held) await verifyManifest(join(entry, path), path);
    return held.length > 0 || (await readdir(entry)).length > 0;
  } catch {
    return false;
  }
}
