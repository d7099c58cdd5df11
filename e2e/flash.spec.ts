import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  mkdtempSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readBack, writeImage } from '@nx-avocado/engine/flash';

/**
 * The writer on a real block device, a loop device, which is no removable medium: `flash` itself refuses it. Who is not
 * root may make none, and writes to a file.
 */
const isRoot = process.getuid?.() === 0;
const MiB = 2 ** 20;
const directory = mkdtempSync(join(tmpdir(), 'nx-avocado-flash-'));
const [image, medium, mountPoint] = ['image', 'medium', 'mounted'].map((name) => join(directory, name)) as [
  string,
  string,
  string,
];
/** No multiple of what is written at once. */
const size = 21 * MiB;
const { signal } = new AbortController();
const quiet = { signal, onProgress: () => undefined };
let device: string;
let number: string | undefined;

const run = (program: string, ...words: string[]): string => execFileSync(program, words, { encoding: 'utf8' }).trim();

beforeAll(() => {
  // Holes around some data, and a medium that is full of something else.
  writeFileSync(image, '');
  truncateSync(image, size);
  const file = openSync(image, 'r+');
  writeSync(file, randomBytes(3 * MiB), 0, 3 * MiB, 9 * MiB + 512);
  closeSync(file);
  writeFileSync(medium, randomBytes(32 * MiB));
  device = isRoot ? run('losetup', '--find', '--show', medium) : medium;
  number = isRoot ? run('lsblk', '--noheadings', '--output', 'MAJ:MIN', device) : undefined;
});
afterAll(() => {
  if (isRoot) run('losetup', '--detach', device);
  rmSync(directory, { recursive: true, force: true });
});

test('every byte is written, holes as zeros, nothing after them, and read back past the cache', async () => {
  const end = readFileSync(medium).subarray(size);
  const seen: number[] = [];
  const onProgress = (bytes: number): void => void seen.push(bytes);
  const digests = await writeImage(image, device, { signal, onProgress, ...(number !== undefined && { number }) });
  await readBack(device, digests, size, quiet);
  expect([seen.at(-1), seen.length]).toEqual([size, 6]);
  const written = readFileSync(device);
  expect(written.subarray(0, size).equals(readFileSync(image))).toBe(true);
  expect(written.subarray(size).equals(end)).toBe(true);
});

test('a medium that does not hold what was written, and one that ends too early, are told', async () => {
  const digests = await writeImage(image, device, quiet);
  run('dd', 'if=/dev/urandom', `of=${device}`, 'bs=1M', 'seek=10', 'count=1', 'conv=notrunc', 'status=none');
  await expect(readBack(device, digests, size, quiet)).rejects.toMatchObject({
    code: 'FLASH_VERIFY_FAILED',
    message: `${device} does not hold what was written to it, from 8 MiB on`,
  });
  const more = [...(await writeImage(image, device, quiet)), ...Array.from({ length: 5 }, () => '')];
  await expect(readBack(device, more, statSync(medium).size + MiB, quiet)).rejects.toMatchObject({
    code: 'FLASH_VERIFY_FAILED',
  });
});

test('a device that took the name of the judged one is not written to', async () => {
  const before = readFileSync(device);
  await expect(writeImage(image, device, { ...quiet, number: '8:1' })).rejects.toMatchObject({
    code: 'FLASH_DEVICE_CHANGED',
  });
  expect(readFileSync(device).equals(before)).toBe(true);
});

(isRoot ? test : test.skip)('one that is mounted meanwhile is not written to: the kernel refuses', async () => {
  run('mkfs.ext4', '-q', '-F', device);
  mkdirSync(mountPoint);
  run('mount', device, mountPoint);
  try {
    await expect(writeImage(image, device, quiet)).rejects.toMatchObject({ code: 'FLASH_DEVICE_IN_USE' });
  } finally {
    run('umount', mountPoint);
  }
});

test('stopped: says that what is on the medium is of no use', async () => {
  const stop = new AbortController();
  const onProgress = (): void => stop.abort();
  await expect(writeImage(image, device, { signal: stop.signal, onProgress })).rejects.toMatchObject({
    code: 'ABORTED',
    message: `stopped: ${device} is written in part, and of no use`,
  });
});
