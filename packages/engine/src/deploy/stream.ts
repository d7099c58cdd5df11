import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { blockSize, damaged, fill } from './blocks';
import type { Transfer } from './plan';

const chunkSize = 64 * 1024;

/**
 * What `avocadoctl runtime receive` reads: lines, each followed by the bytes that it announces. The last line is what
 * makes the device act, so a stream that was cut off changes nothing.
 *
 *     expect <id of the active runtime>                       otherwise the device is not as the plan took it to be
 *     image <id> <sha256> <size>                              the image
 *     patch <id> <sha256> <size> <from> <runs>                then, so many times:
 *     <first block> <bytes>                                   the blocks
 *     manifest <id> <bytes>                                   manifest.json, gzipped
 *     activate <id>
 *
 * @param text manifest.json; absent where the device has it
 */
export async function* deployStream(
  transfers: readonly Transfer[],
  { id, text, expected = '-' }: { id: string; text?: string; expected?: string | undefined },
): AsyncGenerator<Uint8Array> {
  yield Buffer.from(`expect ${expected}\n`);
  for (const transfer of transfers) yield* imageBytes(transfer);
  if (text !== undefined) {
    const packed = await promisify(gzip)(text, { level: 9 });
    yield Buffer.from(`manifest ${id} ${packed.length}\n`);
    yield packed;
  }
  yield Buffer.from(`activate ${id}\n`);
}

async function* imageBytes({ image_id, image, patch }: Transfer): AsyncGenerator<Uint8Array> {
  const file = await open(image.path);
  const facts = `${image_id} ${image.sha256} ${image.size}`;
  try {
    if (!patch) {
      yield Buffer.from(`image ${facts}\n`);
      yield* proven(image, bytesOf(file, 0, image.size));
      return;
    }
    yield Buffer.from(`patch ${facts} ${patch.from} ${patch.runs.length}\n`);
    for (const { first, count } of patch.runs) {
      const start = first * blockSize;
      const size = Math.min(count * blockSize, image.size - start);
      yield Buffer.from(`${first} ${size}\n`);
      yield* bytesOf(file, start, size);
    }
  } finally {
    await file.close();
  }
}

async function* bytesOf(file: FileHandle, start: number, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < size;) {
    const buffer = Buffer.alloc(Math.min(chunkSize, size - at));
    const read = await fill(file, buffer, start + at);
    // The device refuses what came of it by its sha256.
    if (read === 0) return;
    yield buffer.subarray(0, read);
    at += read;
  }
}

/** Fails before the last byte is given on, where the file is not what its build wrote. */
async function* proven(image: Transfer['image'], bytes: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const hash = createHash('sha256');
  let last: Buffer | undefined;
  let size = 0;
  for await (const chunk of bytes) {
    if (last) yield last;
    hash.update(chunk);
    size += chunk.length;
    last = chunk;
  }
  if (size !== image.size || hash.digest('hex') !== image.sha256) throw damaged(image);
  if (last) yield last;
}
