import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { AvocadoError } from '../error';
import { boundCommand, sha256 } from '../store';
import { chunkSize } from './write-image';

/**
 * Reads a device and compares it with what was written. `dd` reads past the kernel's cache (O_DIRECT), which still has
 * what a broken medium forgot.
 * @param digests sha256 of each chunk of `chunkSize` bytes
 * @param bytes how much was written
 * @throws AvocadoError `FLASH_VERIFY_FAILED`, `ABORTED`
 */
export async function readBack(
  device: string,
  digests: readonly string[],
  bytes: number,
  { onProgress, signal }: { onProgress(bytes: number): void; signal: AbortSignal },
): Promise<void> {
  const [program, ...words] = boundCommand('KILL', [
    ...['dd', `if=${device}`, `bs=${chunkSize}`, `count=${bytes}`],
    ...['iflag=direct,fullblock,count_bytes', 'status=none'],
  ]);
  const child = spawn(program, words, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, LC_ALL: 'C.UTF-8' },
  });
  const stop = (): void => void child.kill('SIGKILL');
  signal.addEventListener('abort', stop, { once: true });
  const ended = once(child, 'close') as Promise<[number | null]>;
  const errors = text(child.stderr);
  try {
    let [chunk, index, read] = [[] as Buffer[], 0, 0];
    let length = 0;
    const compare = (): void => {
      if (sha256(Buffer.concat(chunk)) !== digests[index]) throw different(device, index);
      [chunk, length] = [[], 0];
      index += 1;
    };
    for await (const part of child.stdout as AsyncIterable<Buffer>) {
      for (let at = 0; at < part.length;) {
        const piece = part.subarray(at, at + chunkSize - length);
        chunk.push(piece);
        at += piece.length;
        length += piece.length;
        read += piece.length;
        if (length === chunkSize || read === bytes) compare();
      }
      onProgress(read);
    }
    const [code] = await ended;
    if (signal.aborted) throw new AvocadoError('ABORTED', `stopped: ${device} was written, and not verified`);
    if (code !== 0 || read !== bytes) {
      throw new AvocadoError('FLASH_VERIFY_FAILED', `${device} could not be read back`, {
        output: await errors,
        hint: 'The medium was taken out, or is broken.',
      });
    }
  } finally {
    signal.removeEventListener('abort', stop);
    stop();
  }
}

function different(device: string, index: number): AvocadoError {
  const place = `${(index * chunkSize) / 2 ** 20} MiB`;
  return new AvocadoError('FLASH_VERIFY_FAILED', `${device} does not hold what was written to it, from ${place} on`, {
    hint: 'The medium is broken, or smaller than it says it is: use another one.',
  });
}
