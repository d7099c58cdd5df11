import { createHash } from 'node:crypto';
import { ResolvedCache, format } from './cache';
import type { Reads } from './cache';
import type { ResolvedFile } from './model';
import type { PluginOptions } from './options';
import { release } from './recipe';
import { resolveFile } from './resolve';

export interface Resolution {
  /** In the order of the files. */
  resolved: ResolvedFile[];
  /** Files that the cache had nothing valid of, so that they were read again. */
  read: string[];
  /** What the others were made of. */
  reads: Reads[];
}

/** @param files every avocado.yaml, and `crates` every Cargo.toml, relative to the workspace root */
export async function resolveAll(
  files: readonly string[],
  crates: string[],
  options: PluginOptions,
  workspaceRoot: string,
): Promise<Resolution> {
  const cache = new ResolvedCache(workspaceRoot);
  const manifests = crates.map((path) => [path, cache.digests.of(path)]);
  const key = createHash('sha256').update(JSON.stringify({ format, release, options, manifests })).digest('hex');
  const result: Resolution = { resolved: [], read: [], reads: [] };
  for (const file of files) {
    let found = cache.get(file, key);
    if (found) {
      result.reads.push(cache.readsOf(file));
    } else {
      const { resolved, reads } = await resolveFile(file, crates, options, workspaceRoot);
      cache.set(file, key, resolved, reads);
      result.read.push(file);
      found = resolved;
    }
    result.resolved.push(found);
  }
  cache.write();
  return result;
}
