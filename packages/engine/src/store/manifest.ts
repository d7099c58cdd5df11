import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { AvocadoError } from '../error';
import { writeFileAtomic } from './atomic';
import { canonicalJson, sha256File } from './hash';

/** `manifest.json` beside a task's outputs: what a hit must prove before it is used (DESIGN rules 5 and 8). */
export interface OutputManifest {
  version: 1;
  /** By path relative to the manifest, with `/`. */
  files: Record<string, { sha256: string; size: number }>;
}

const manifestName = 'manifest.json';

/** @param known what was hashed already since it was written: an image can be large */
export async function writeManifest(
  directory: string,
  files: string[],
  known: OutputManifest['files'] = {},
): Promise<OutputManifest> {
  const manifest: OutputManifest = { version: 1, files: {} };
  for (const file of [...files].sort()) {
    const path = join(directory, file);
    manifest.files[file] = known[file] ?? { sha256: await sha256File(path), size: (await stat(path)).size };
  }
  await writeFileAtomic(join(directory, manifestName), `${canonicalJson(manifest)}\n`);
  return manifest;
}

/**
 * Reads a task's manifest and proves the named files (all of them by default) against it.
 * @param task what to run again when it fails: `example-rust:build`
 * @throws AvocadoError `OUTPUT_MISSING`, `OUTPUT_CORRUPT`
 */
export async function verifyManifest(directory: string, task: string, only?: string[]): Promise<OutputManifest> {
  const rebuild = { hint: `Build it again: nx run ${task} --skip-nx-cache` };
  let manifest: OutputManifest;
  try {
    manifest = JSON.parse(await readFile(join(directory, manifestName), 'utf8')) as OutputManifest;
  } catch (cause) {
    throw new AvocadoError('OUTPUT_MISSING', `the output of ${task} is not there: ${directory}`, { ...rebuild, cause });
  }
  for (const file of only ?? Object.keys(manifest.files)) {
    const path = join(directory, file);
    const expected = manifest.files[file];
    if (!expected) throw new AvocadoError('OUTPUT_MISSING', `${task} has no output ${file}`, rebuild);
    const size = await stat(path).then(
      (found) => found.size,
      () => undefined,
    );
    if (size === undefined) throw new AvocadoError('OUTPUT_MISSING', `the output of ${task} is gone: ${path}`, rebuild);
    if (size !== expected.size || (await sha256File(path)) !== expected.sha256) {
      throw new AvocadoError('OUTPUT_CORRUPT', `the output of ${task} is not what it wrote: ${path}`, rebuild);
    }
  }
  return manifest;
}

/** Whether two directories hold the same output; every byte of the second is proved. */
export async function isSameOutput(made: string, standing: string): Promise<boolean> {
  try {
    const [one, two] = await Promise.all(
      [made, standing].map((directory) => readFile(join(directory, manifestName), 'utf8')),
    );
    return one === two && (await verifyManifest(standing, standing)) !== undefined;
  } catch {
    return false;
  }
}
