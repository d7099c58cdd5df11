import { link, mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { SourceFile } from './sources';

/**
 * Shows some files of a working copy in a directory of their own. Hard links keep the copy's times, so that cargo sees
 * one and the same file whichever crate it is built for.
 * @param directory replaced as a whole
 */
export async function makeView(files: readonly SourceFile[], copy: string, directory: string): Promise<void> {
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { recursive: true });
  const made = new Set<string>();
  for (const { path } of files) {
    const parent = dirname(path);
    if (!made.has(parent)) await mkdir(join(directory, parent), { recursive: true });
    made.add(parent);
    await link(join(copy, path), join(directory, path));
  }
}
