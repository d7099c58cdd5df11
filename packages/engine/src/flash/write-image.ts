import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { AvocadoError } from '../error';
import { sha256 } from '../store';

/** Bytes that are written, and later compared, at once. */
export const chunkSize = 4 * 1024 * 1024;

/** Chunks after which the device is waited for: progress then shows what is on it, not what is in memory. */
const synced = 8;

export interface WriteOptions {
  /** `8:16`, of the device that was judged: a name may mean another one by now. */
  number?: string;
  onProgress(bytes: number): void;
  signal: AbortSignal;
}

/**
 * Writes every byte of an image to a device, holes as zeros: what stood there before must not show through, and a
 * file system counts on the zeros. The device is held exclusively: the kernel refuses that while anything uses it, and lets
 * nobody mount it meanwhile. At the end it is flushed.
 * @returns sha256 of each chunk
 * @throws AvocadoError `FLASH_DENIED`, `FLASH_DEVICE_IN_USE`, `FLASH_DEVICE_CHANGED`, `FLASH_WRITE_FAILED`, `ABORTED`
 */
export async function writeImage(
  image: string,
  device: string,
  { number, onProgress, signal }: WriteOptions,
): Promise<string[]> {
  const source = await open(image, 'r');
  try {
    const target = await openExclusively(device, number);
    try {
      const digests: string[] = [];
      for await (const [chunk, at] of chunks(source)) {
        if (signal.aborted) throw new AvocadoError('ABORTED', `stopped: ${device} is written in part, and of no use`);
        digests.push(sha256(chunk));
        await writeAll(target, chunk, at);
        if (digests.length % synced === 0) await target.datasync();
        onProgress(at + chunk.length);
      }
      await target.sync();
      return digests;
    } catch (cause) {
      throw writeError(device, cause);
    } finally {
      // What cannot be closed was reported when it was flushed.
      await target.close().catch(() => undefined);
    }
  } finally {
    await source.close();
  }
}

async function openExclusively(device: string, number: string | undefined): Promise<FileHandle> {
  let target: FileHandle;
  try {
    target = await open(device, constants.O_WRONLY | constants.O_EXCL | constants.O_NOFOLLOW);
  } catch (cause) {
    throw openError(device, cause as NodeJS.ErrnoException);
  }
  const { rdev } = await target.stat();
  if (number === undefined || number === deviceNumber(rdev)) return target;
  await target.close();
  throw new AvocadoError('FLASH_DEVICE_CHANGED', `${device} is another device than a moment ago`, {
    hint: 'Nothing was written. Look which device it is now, and try again.',
  });
}

/** `8:16` of a `st_rdev`, as Linux packs it. */
export function deviceNumber(rdev: number): string {
  const [low, high] = [rdev % 2 ** 32, Math.floor(rdev / 2 ** 32)];
  const major = ((low >>> 8) & 0xfff) + (high & 0xfffff000);
  const minor = (low & 0xff) + ((low >>> 12) & 0xfff00);
  return `${major}:${minor}`;
}

async function* chunks(source: FileHandle): AsyncGenerator<[Buffer, number]> {
  const buffer = Buffer.alloc(chunkSize);
  for (let at = 0; ;) {
    let length = 0;
    while (length < chunkSize) {
      const { bytesRead } = await source.read(buffer, length, chunkSize - length, at + length);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    if (length === 0) return;
    yield [buffer.subarray(0, length), at];
    at += length;
  }
}

async function writeAll(target: FileHandle, chunk: Buffer, at: number): Promise<void> {
  for (let done = 0; done < chunk.length;) {
    done += (await target.write(chunk, done, chunk.length - done, at + done)).bytesWritten;
  }
}

function openError(device: string, cause: NodeJS.ErrnoException): AvocadoError {
  if (cause.code === 'EACCES' || cause.code === 'EPERM') {
    return new AvocadoError('FLASH_DENIED', `you may not write to ${device}`, {
      hint: `Let this user write to it until it is taken out: sudo setfacl --modify u:$USER:rw ${device}`,
      cause,
    });
  }
  if (cause.code === 'EBUSY') {
    return new AvocadoError('FLASH_DEVICE_IN_USE', `${device} is in use by something that lsblk does not show`, {
      hint: 'Another program or a container may have it mounted. Take the medium out, put it in again, and try again.',
      cause,
    });
  }
  return new AvocadoError('FLASH_WRITE_FAILED', `cannot open ${device}: ${cause.message}`, { cause });
}

function writeError(device: string, cause: unknown): unknown {
  if (cause instanceof AvocadoError) return cause;
  const { code, message } = cause as NodeJS.ErrnoException;
  return new AvocadoError('FLASH_WRITE_FAILED', `writing to ${device} failed: ${message}`, {
    hint:
      code === 'ENOSPC'
        ? 'The medium is smaller than it says it is: it is a fake, or broken.'
        : 'The medium was taken out, or is broken. What is on it now is of no use.',
    cause,
  });
}
