import { constants, existsSync } from 'node:fs';
import { copyFile, link, mkdir, readFile, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { RuntimeManifest } from '../runtime/manifest';
import { markUsed, markerOf, storePath, temporaryName, use, writeFileAtomic } from '../store';

/**
 * What devices have, kept in the store by content id: of an image that changes, only the blocks that differ are sent. It
 * may be deleted at any time; then whole images are sent.
 */
const area = 'deployed';

const nameOf = (id: string): string => `${id}.raw`;

/** Where the copy of an image is, if there is one. It need not be what it was: whoever reads it proves it. */
export async function keptImage(id: string): Promise<string | undefined> {
  await use(area, nameOf(id));
  const path = storePath(area, nameOf(id));
  return existsSync(path) ? path : undefined;
}

/** Bytes of images at most: what was not used for longest goes first. */
const limit = 2e9;

/** Links where the file system can: outputs are replaced, never written to. */
export async function keepImages(images: ReadonlyMap<string, { path: string }>): Promise<void> {
  for (const [id, { path }] of images) await keepImage(id, path);
  const entries = await keptEntries();
  let size = entries.reduce((sum, entry) => sum + entry.size, 0);
  for (const entry of entries) {
    if (size <= limit) return;
    if (images.has(entry.name.slice(0, -'.raw'.length))) continue;
    await rm(storePath(area, entry.name), { force: true });
    size -= entry.size;
  }
}

async function keepImage(id: string, source: string): Promise<void> {
  const path = storePath(area, nameOf(id));
  markUsed(area, nameOf(id));
  if (existsSync(path)) return;
  const temporary = temporaryName(path);
  try {
    await mkdir(dirname(path), { recursive: true });
    await link(source, temporary).catch(() => copyFile(source, temporary, constants.COPYFILE_FICLONE));
    await rename(temporary, path);
  } catch {
    // A full disk, for instance: it is of use, and not needed.
    await rm(temporary, { force: true });
  }
}

/** Least recently used first. */
async function keptEntries(): Promise<{ name: string; size: number }[]> {
  const names = (await readdir(storePath(area)).catch(() => [])).filter((name) => /^[^.].*\.raw$/.test(name));
  const found = await Promise.all(
    names.map(async (name) => {
      const size = (await stat(storePath(area, name)).catch(() => undefined))?.size ?? 0;
      const used = (await stat(markerOf(area, name)).catch(() => undefined))?.mtimeMs ?? 0;
      return { name, size, used };
    }),
  );
  return found.sort((a, b) => a.used - b.used);
}

/** Of images that a device removed: it cannot make anything of them any more. */
export async function forgetImages(ids: readonly string[]): Promise<void> {
  for (const id of ids) await rm(storePath(area, nameOf(id)), { force: true });
}

/** The last manifest that this machine deployed under the id, or read from a device. */
export async function keptManifest(id: string): Promise<RuntimeManifest | undefined> {
  try {
    await use(area, `${id}.json`);
    const manifest = JSON.parse(await readFile(storePath(area, `${id}.json`), 'utf8')) as RuntimeManifest;
    return manifest.id === id ? manifest : undefined;
  } catch {
    return undefined;
  }
}

export async function keepManifest(id: string, text: string): Promise<void> {
  await writeFileAtomic(storePath(area, `${id}.json`), text).catch(() => undefined);
}
