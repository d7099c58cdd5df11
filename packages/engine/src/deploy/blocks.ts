import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { AvocadoError } from '../error';
import { imageId } from '../store';
import type { LocalImage } from './runtime';

/** Bytes: the block of erofs. An edit leaves most of them as they were, at the same place. */
export const blockSize = 4096;

/** Blocks that follow each other. */
export interface BlockRun {
  /** Number of the first one. */
  first: number;
  count: number;
}

const chunkSize = 256 * blockSize;

/**
 * The blocks of `image` that differ from the block at the same place in `base`; those behind its end differ.
 * Both files are proven on the way. @returns nothing where `base` is not what its name says
 * @throws AvocadoError `OUTPUT_CORRUPT`
 */
export async function changedBlocks(
  base: { path: string; image_id: string },
  image: LocalImage,
): Promise<BlockRun[] | undefined> {
  const files: FileHandle[] = [];
  try {
    const [before, after] = [await open(base.path), await open(image.path)];
    files.push(before, after);
    const hashes = [createHash('sha256'), createHash('sha256')] as const;
    const runs: BlockRun[] = [];
    const [old, now] = [Buffer.alloc(chunkSize), Buffer.alloc(chunkSize)];
    for (let at = 0; ; at += chunkSize) {
      const sizes = [await fill(before, old, at), await fill(after, now, at)] as const;
      hashes[0].update(old.subarray(0, sizes[0]));
      hashes[1].update(now.subarray(0, sizes[1]));
      compare(old.subarray(0, sizes[0]), now.subarray(0, sizes[1]), at / blockSize, runs);
      if (sizes[0] < chunkSize && sizes[1] < chunkSize) break;
    }
    if (imageId(hashes[0].digest('hex')) !== base.image_id) return undefined;
    if (hashes[1].digest('hex') !== image.sha256) throw damaged(image);
    return runs;
  } finally {
    for (const file of files) await file.close();
  }
}

export function damaged({ path, task }: LocalImage): AvocadoError {
  return new AvocadoError('OUTPUT_CORRUPT', `an image is not what its build wrote: ${path}`, {
    ...(task !== undefined && { hint: `Build it again: nx run ${task} --skip-nx-cache` }),
  });
}

/** Reads a whole buffer, less at the end of the file. */
export async function fill(file: FileHandle, buffer: Buffer, position: number): Promise<number> {
  let size = 0;
  while (size < buffer.length) {
    const { bytesRead } = await file.read(buffer, size, buffer.length - size, position + size);
    if (bytesRead === 0) break;
    size += bytesRead;
  }
  return size;
}

/** Adds the blocks of `now` that are not as in `old`. @param first number of the first block */
export function compare(old: Buffer, now: Buffer, first: number, runs: BlockRun[]): void {
  for (let at = 0; at < now.length; at += blockSize) {
    const end = Math.min(at + blockSize, now.length);
    if (end <= old.length && old.compare(now, at, end, at, end) === 0) continue;
    const number = first + at / blockSize;
    const last = runs.at(-1);
    if (last && last.first + last.count === number) last.count += 1;
    else runs.push({ first: number, count: 1 });
  }
}
