import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { gunzipSync, gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import type { Header } from 'tar-stream';
import { checkEntry } from './check-entry';

jest.setTimeout(60_000);

type Files = Record<string, string | Partial<Header>>;

const nx: Files = { terminalOutput: 'packed\n', code: '\0\0\0\0' };
const build = 'app/.avocado/app/qemux86-64/build';

async function tar(files: Files): Promise<Buffer> {
  const archive = pack();
  for (const [name, file] of Object.entries(files)) {
    if (typeof file === 'string') archive.entry({ name }, file);
    else archive.entry({ ...file, name });
  }
  archive.finalize();
  const parts: Buffer[] = [];
  for await (const part of archive) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

/** The same with headers of the oldest form (tar of Unix version 7), as Nx writes two of them: no magic number. */
function old(archive: Buffer): Buffer {
  const bytes = Buffer.from(archive);
  for (let at = bytes.indexOf('ustar'); at >= 0; at = bytes.indexOf('ustar')) {
    const header = bytes.subarray(at - 257, at - 257 + 512);
    header.fill(0, 257);
    header.fill(' ', 148, 156);
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  }
  return bytes;
}

const check = (bytes: Buffer): Promise<void> => checkEntry(Readable.from([bytes]), 10_000);
const packed = async (files: Files): Promise<Buffer> => gzipSync(await tar(files));

function manifest(files: Record<string, string>): string {
  const entries = Object.entries(files).map(([name, text]) => {
    const sha256 = createHash('sha256').update(text).digest('hex');
    return [name, { sha256, size: Buffer.byteLength(text) }];
  });
  return JSON.stringify({ version: 1, files: Object.fromEntries(entries) });
}

const whole: Files = {
  [`${build}/`]: { type: 'directory' },
  [`${build}/app.raw`]: 'image',
  [`${build}/latest`]: { type: 'symlink', linkname: 'app.raw' },
  [`${build}/manifest.json`]: manifest({ 'app.raw': 'image' }),
  'web/dist/manifest.json': '{"name":"no manifest of ours"}',
  ...nx,
};

test('an entry as Nx packs it', async () => {
  await check(await packed(whole));
  await check(gzipSync(old(await tar(whole))));
});

test('cut off anywhere, or with a byte changed anywhere, it is damaged', async () => {
  const bytes = await packed(whole);
  for (let length = 0; length < bytes.length; length += 7) {
    await expect(check(bytes.subarray(0, length))).rejects.toMatchObject({ kind: 'damaged' });
  }
  // The header of gzip has a time and a system, which nobody reads, and a block may end with bits that nobody reads.
  let harmless = 0;
  for (let at = 10; at < bytes.length; at += 7) {
    const changed = Buffer.from(bytes);
    changed[at]! ^= 0x10;
    const outcome = await check(changed).catch((error: unknown) => error);
    if (outcome !== undefined) expect(outcome).toMatchObject({ kind: 'damaged' });
    else expect(gunzipSync(changed).equals(gunzipSync(bytes))).toBe(true);
    harmless += outcome === undefined ? 1 : 0;
  }
  expect(harmless).toBeLessThan(3);
});

test.each<[string, Files, string]>([
  [
    'an image with other bytes, packed anew',
    { [`${build}/app.raw`]: 'imagE' },
    `${build}/app.raw is not what its task`,
  ],
  [
    'an image that is not there',
    { [`${build}/manifest.json`]: manifest({ 'b.raw': '' }) },
    `${build}/b.raw is not what`,
  ],
  ['a manifest that is none', { [`${build}/manifest.json`]: 'nothing' }, 'is no manifest'],
  ['no exit code', { code: '' }, 'it has no exit code'],
  ['a way out', { '../../etc/cron.d/x': '* * * * * root x' }, 'it has a path out of itself'],
  ['a file below a link', { link: { type: 'symlink', linkname: '/etc' }, 'link/passwd': 'x' }, 'below something'],
  ['a file below a file', { file: 'x', 'file/y': 'y' }, 'below something'],
  ['a file twice', { 'a/../code': 'four' }, 'it has code twice'],
  ['a FIFO, at which Nx would wait for ever', { pipe: { type: 'fifo' } }, 'pipe is no file, directory or link (fifo)'],
  ['far more than it looks', { zeros: '\0'.repeat(20_000) }, 'it unpacks to more than 10000 bytes'],
])('refused: %s', async (_what, files, message) => {
  await expect(check(await packed({ ...whole, ...files }))).rejects.toMatchObject({
    kind: 'damaged',
    message: expect.stringContaining(message) as string,
  });
});

test('refused: no archive at all', async () => {
  for (const bytes of [Buffer.from('<html>login</html>'), gzipSync('no tar'), gzipSync(Buffer.alloc(0))]) {
    await expect(check(bytes)).rejects.toMatchObject({ kind: 'damaged' });
  }
});
