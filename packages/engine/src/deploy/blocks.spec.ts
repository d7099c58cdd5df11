import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { imageId, sha256 } from '../store';
import { changedBlocks, compare } from './blocks';
import type { BlockRun } from './blocks';

const directory = mkdtempSync(join(tmpdir(), 'blocks-'));
afterAll(() => rmSync(directory, { recursive: true }));

function image(name: string, bytes: Buffer) {
  const path = join(directory, name);
  writeFileSync(path, bytes);
  return { path, image_id: imageId(sha256(bytes)), sha256: sha256(bytes), size: bytes.length };
}

const blocks = (...values: number[]): Buffer => Buffer.concat(values.map((value) => Buffer.alloc(4096, value)));

test.each<[string, Buffer, Buffer, BlockRun[]]>([
  ['the same', blocks(1, 2), blocks(1, 2), []],
  ['one in the middle', blocks(1, 2, 3), blocks(1, 9, 3), [{ first: 1, count: 1 }]],
  ['neighbours', blocks(1, 2, 3, 4), blocks(1, 8, 9, 4), [{ first: 1, count: 2 }]],
  ['longer', blocks(1), blocks(1, 2, 3), [{ first: 1, count: 2 }]],
  ['shorter', blocks(1, 2, 3), blocks(1), []],
  ['no whole block at the end', blocks(1, 2), Buffer.concat([blocks(1), Buffer.from('x')]), [{ first: 1, count: 1 }]],
  ['a last block that was longer', blocks(1, 2), blocks(1, 2).subarray(0, 5000), []],
  ['zeros where there was something', blocks(1, 2), blocks(0, 2), [{ first: 0, count: 1 }]],
])('%s', async (_name, old, now, runs) => {
  expect(await changedBlocks(image('old', old), image('new', now))).toEqual(runs);
});

test('over more than one piece', async () => {
  const old = Buffer.alloc(3 * 1024 * 1024 + 4096, 1);
  const now = Buffer.from(old);
  for (const at of [1024 * 1024 - 1, 1024 * 1024, 3 * 1024 * 1024]) now[at] = 2;
  expect(await changedBlocks(image('old', old), image('new', now))).toEqual([
    { first: 255, count: 2 },
    { first: 768, count: 1 },
  ]);
});

test('a copy that is not what its name says is of no use; an image that is not is an error', async () => {
  const [old, now] = [image('old', blocks(1)), image('new', blocks(2))];
  expect(await changedBlocks({ ...old, image_id: now.image_id }, now)).toBeUndefined();
  await expect(changedBlocks(old, { ...now, sha256: old.sha256, task: 'app:build' })).rejects.toMatchObject({
    code: 'OUTPUT_CORRUPT',
    hint: expect.stringContaining('nx run app:build'),
  });
});

test('what lies over the old bytes makes the new ones', () => {
  const old = Buffer.from(Array.from({ length: 40_000 }, (_, index) => (index * 7) % 251));
  const now = Buffer.concat([old.subarray(0, 9000), Buffer.from('edit'), old.subarray(9000)]);
  const runs: BlockRun[] = [];
  compare(old, now, 0, runs);
  const made = Buffer.alloc(now.length);
  old.copy(made);
  for (const { first, count } of runs) now.copy(made, first * 4096, first * 4096, (first + count) * 4096);
  expect(made.equals(now)).toBe(true);
});
