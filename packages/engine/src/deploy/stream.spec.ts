import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { sha256 } from '../store';
import type { Transfer } from './plan';
import { deployStream } from './stream';

const directory = mkdtempSync(join(tmpdir(), 'stream-'));
afterAll(() => rmSync(directory, { recursive: true }));

const bytes = Buffer.concat([Buffer.alloc(4096, 'a'), Buffer.alloc(4096, 'b'), Buffer.from('end')]);
const path = join(directory, 'image');
writeFileSync(path, bytes);
const image = { path, sha256: sha256(bytes), size: bytes.length };

async function streamed(transfers: Transfer[], runtime: Parameters<typeof deployStream>[1]): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of deployStream(transfers, runtime)) parts.push(part);
  return Buffer.concat(parts);
}

test('a whole image, a patch, the manifest; the line that makes the device act is the last one', async () => {
  const patch = {
    from: '12',
    runs: [
      { first: 0, count: 1 },
      { first: 2, count: 1 },
    ],
  };
  const stream = await streamed(
    [
      { image_id: '34', image },
      { image_id: '56', image, patch },
    ],
    { id: '78', text: '{}\n', expected: '90' },
  );
  const facts = `${image.sha256} ${image.size}`;
  const before = Buffer.concat([
    Buffer.from(`expect 90\nimage 34 ${facts}\n`),
    bytes,
    Buffer.from(`patch 56 ${facts} 12 2\n0 4096\n`),
    bytes.subarray(0, 4096),
    Buffer.from('2 3\nend'),
  ]);
  expect(stream.subarray(0, before.length).equals(before)).toBe(true);
  const [, line, size] = /^(manifest 78 (\d+)\n)/.exec(stream.subarray(before.length).toString('latin1')) ?? [];
  const packed = before.length + (line ?? '').length;
  expect(gunzipSync(stream.subarray(packed, packed + Number(size))).toString()).toBe('{}\n');
  expect(stream.subarray(packed + Number(size)).toString()).toBe('activate 78\n');
});

test('of a runtime that the device has, nothing goes over but its id', async () => {
  expect((await streamed([], { id: '78' })).toString()).toBe('expect -\nactivate 78\n');
});

test('an image that is not what its build wrote never gets its last byte', async () => {
  const wrong = { image_id: '34', image: { ...image, sha256: sha256('other'), task: 'app:build' } };
  await expect(streamed([wrong], { id: '78' })).rejects.toMatchObject({
    code: 'OUTPUT_CORRUPT',
    hint: expect.stringContaining('nx run app:build'),
  });
});
