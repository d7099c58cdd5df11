import { existsSync, linkSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { readlinkSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { extract, pack } from 'tar-stream';
import type { Header } from 'tar-stream';
import { AvocadoError } from '../../error';
import { sendTar } from './tree-tar';
import type { TreeTar } from './tree-tar';
import { untarOnto } from './untar-tree';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tree-tar-'));
  mkdirSync(join(directory, 'from/sub/empty'), { recursive: true });
  writeFileSync(join(directory, 'from/a'), 'hello', { mode: 0o754 });
  writeFileSync(join(directory, 'from/sub/b'), 'b');
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const read = async (stream: NodeJS.ReadableStream): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
};
const tarOf = (fill: (tar: TreeTar) => Promise<void>, clock = 0): Promise<Buffer> => sendTar(fill, read, clock);
const headers = async (tar: Buffer): Promise<Header[]> => {
  const found: Header[] = [];
  for await (const entry of Readable.from([tar]).pipe(extract())) {
    found.push(entry.header);
    entry.resume();
  }
  return found;
};

test('a tree goes and comes back with its modes, links and hard links', async () => {
  const from = join(directory, 'from');
  linkSync(join(from, 'a'), join(from, 'sub/hard'));
  symlinkSync('nowhere', join(from, 'link'));
  const to = join(directory, 'to');
  mkdirSync(to);
  for (const name of ['gone', 'others']) writeFileSync(join(to, name), name);
  await untarOnto(Readable.from([await tarOf((tar) => tar.add(from, 'top'))]), to, ['gone']);
  expect(readdirSync(to, { recursive: true }).sort()).toEqual(
    ['a', 'link', 'others', 'sub', 'sub/b', 'sub/empty', 'sub/hard'].sort(),
  );
  expect(statSync(join(to, 'a')).mode & 0o7777).toBe(0o754);
  expect(statSync(join(to, 'a')).ino).toBe(statSync(join(to, 'sub/hard')).ino);
  expect(readlinkSync(join(to, 'link'))).toBe('nowhere');
});

test('a file of two trees is a file in both: one must not change by the other', async () => {
  const types = await headers(
    await tarOf(async (tar) => {
      linkSync(join(directory, 'from/a'), join(directory, 'second'));
      await tar.add(join(directory, 'from/a'), 'one');
      await tar.add(join(directory, 'second'), 'two');
    }),
  );
  expect(types.map(({ type }) => type)).toEqual(['file', 'file']);
});

test('only what is needed goes, with the directories above it', async () => {
  const names = await headers(await tarOf((tar) => tar.add(join(directory, 'from'), 'top', ['sub/b', 'sub/empty/'])));
  expect(names.map(({ name }) => name)).toEqual(['top/', 'top/sub/', 'top/sub/b', 'top/sub/empty/']);
});

test("times are those of the reader's clock, below a second too", async () => {
  utimesSync(join(directory, 'from/a'), 1000.25, 1000.25);
  const [header] = await headers(await tarOf((tar) => tar.add(join(directory, 'from/a'), 'a'), -500.5));
  expect(header?.pax).toMatchObject({ mtime: expect.stringMatching(/^999\.749/) });
});

test("a file that is not there is an error of this machine's files, and what stands there stays", async () => {
  const sent = tarOf((tar) => tar.add(join(directory, 'none'), 'none'));
  await expect(sent).rejects.toMatchObject({ code: 'SDK_MOUNT_MISSING' });
});

test.each<[string, Partial<Header> & { name: string }]>([
  ['leaves its directory', { name: 'top/../../x' }],
  ['is absolute', { name: '/x' }],
  ['links out of its directory', { name: 'top/x', type: 'link', linkname: '../../x' }],
  ['is a device', { name: 'top/null', type: 'character-device' }],
])('an entry that %s is refused, and nothing is changed', async (_name, header) => {
  const tar = pack();
  tar.entry({ name: 'top/', type: 'directory' });
  tar.entry({ name: 'top/a' }, 'new');
  tar.entry(header as Header, '');
  tar.finalize();
  const error = await untarOnto(Readable.from(tar), join(directory, 'from')).catch((failed: unknown) => failed);
  expect(error).toBeInstanceOf(AvocadoError);
  expect(error).toMatchObject({ code: 'DOCKER_OUTPUT_INVALID', hint: expect.stringContaining('Device nodes') });
  expect(readFileSync(join(directory, 'from/a'), 'utf8')).toBe('hello');
  expect(readdirSync(directory)).toEqual(['from']);
});

test('nothing is written through a link', async () => {
  const tar = pack();
  tar.entry({ name: 'top/', type: 'directory' });
  tar.entry({ name: 'top/link', type: 'symlink', linkname: directory });
  tar.entry({ name: 'top/link/written' }, 'x');
  tar.finalize();
  await untarOnto(Readable.from(tar), join(directory, 'from')).catch(() => undefined);
  expect(existsSync(join(directory, 'written'))).toBe(false);
});

test('holes of a disk are holes again', async () => {
  const tar = pack();
  tar.entry({ name: 'disk' }, Buffer.concat([Buffer.alloc(8 * 1024 * 1024), Buffer.from('end'), Buffer.alloc(70_000)]));
  tar.finalize();
  await untarOnto(Readable.from(tar), join(directory, 'disk'));
  const { size, blocks } = lstatSync(join(directory, 'disk'));
  expect(size).toBe(8 * 1024 * 1024 + 3 + 70_000);
  expect(blocks * 512).toBeLessThan(1024 * 1024);
  expect(readFileSync(join(directory, 'disk')).indexOf('end')).toBe(8 * 1024 * 1024);
});
