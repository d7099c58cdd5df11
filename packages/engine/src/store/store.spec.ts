import { spawn, spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import { isRunning } from './running';
import {
  canonicalJson,
  replaceDirectory,
  sha256,
  storeRoot,
  verifyManifest,
  withLock,
  writeFileAtomic,
  writeManifest,
} from '.';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'store-'));
});
afterEach(() => rm(directory, { recursive: true }));

test('the store is below the XDG cache directory unless told otherwise', () => {
  expect(storeRoot({ NX_AVOCADO_STORE: '/s' })).toBe('/s');
  expect(storeRoot({ XDG_CACHE_HOME: '/x' })).toBe('/x/nx-avocado');
  expect(storeRoot({ XDG_CACHE_HOME: 'relative' })).toMatch(/\.cache\/nx-avocado$/);
});

test('canonical JSON does not depend on the order of keys', () => {
  expect(canonicalJson({ b: [1, { d: 1, c: 2 }], a: null })).toBe('{"a":null,"b":[1,{"c":2,"d":1}]}');
});

test('a failed fill leaves the directory as it was, and nothing beside it', async () => {
  const target = join(directory, 'out');
  await mkdir(target);
  await writeFile(join(target, 'old'), 'old');
  await expect(
    replaceDirectory(target, async (temporary) => {
      await writeFile(join(temporary, 'new'), 'half');
      throw new Error('no');
    }),
  ).rejects.toThrow('no');
  expect(await readdir(directory)).toEqual(['out']);
  expect(await readdir(target)).toEqual(['old']);
  await replaceDirectory(target, (temporary) => writeFile(join(temporary, 'new'), 'new'));
  expect(await readdir(directory)).toEqual(['out']);
  expect(await readdir(target)).toEqual(['new']);
});

test('several that replace a directory at once: each succeeds, and the last one stays whole', async () => {
  const target = join(directory, 'out');
  const replace = (name: number): Promise<void> =>
    replaceDirectory(target, async (temporary) => {
      for (const file of ['a', 'b']) await writeFile(join(temporary, file), String(name));
    });
  for (let round = 0; round < 10; round += 1) await Promise.all([1, 2, 3, 4, 5].map(replace));
  const [a, b] = await Promise.all(['a', 'b'].map((file) => readFile(join(target, file), 'utf8')));
  expect(a).toBe(b);
  expect(await readdir(directory)).toEqual(['out']);
});

test('what a killed process left is swept, what a running one writes is not', async () => {
  const gone = spawnSync('true').pid;
  const names = [`.tmp-out-${gone}-0123456789ab`, `.tmp-out-${process.pid}-0123456789ab`, '.tmp-notes', 'out'];
  for (const name of names) await writeFile(join(directory, name), '');
  await replaceDirectory(join(directory, 'dir'), async () => undefined);
  expect((await readdir(directory)).sort()).toEqual([...names.slice(1), 'dir'].sort());
});

describe('a manifest proves its files', () => {
  beforeEach(async () => {
    await writeFileAtomic(join(directory, 'image.raw'), 'bytes');
    await writeManifest(directory, ['image.raw']);
  });

  test('as written', async () => {
    const { files } = await verifyManifest(directory, 'app:build');
    expect(files).toEqual({ 'image.raw': { sha256: sha256('bytes'), size: 5 } });
  });

  test.each([
    ['flipped', 'OUTPUT_CORRUPT', (path: string) => writeFile(path, 'bytez')],
    ['truncated', 'OUTPUT_CORRUPT', (path: string) => writeFile(path, 'byte')],
    ['deleted', 'OUTPUT_MISSING', (path: string) => rm(path)],
  ])('%s: %s', async (_how, code, harm) => {
    await harm(join(directory, 'image.raw'));
    await expect(verifyManifest(directory, 'app:build')).rejects.toMatchObject({
      code,
      hint: 'Build it again: nx run app:build --skip-nx-cache',
    });
  });

  test.each([
    ['gone', () => rm(join(directory, 'manifest.json'))],
    ['not JSON', () => writeFile(join(directory, 'manifest.json'), '{')],
  ])('the manifest %s', async (_how, harm) => {
    await harm();
    await expect(verifyManifest(directory, 'app:build')).rejects.toMatchObject({ code: 'OUTPUT_MISSING' });
  });
});

test('a lock lets one in at a time', async () => {
  const events: string[] = [];
  const enter = (name: string) =>
    withLock(join(directory, 'locks', 'a'), async () => {
      events.push(`${name} in`);
      await readFile(__filename);
      await new Promise((resolve) => setTimeout(resolve, 50));
      events.push(`${name} out`);
    });
  await Promise.all([enter('one'), enter('two'), enter('three')]);
  expect(events).toHaveLength(6);
  for (let i = 0; i < 6; i += 2) expect(events[i + 1]).toBe(events[i]?.replace('in', 'out'));
});

test('what a killed process left is removed, also while nobody has asked how it ended', async () => {
  // The shell's child ends once sleep has taken the shell's place, which never asks for it.
  const script = '(while [ "$(cat /proc/$$/comm)" = sh ]; do sleep 0.01; done) & echo $!; exec sleep 60';
  const parent = spawn('sh', ['-c', script], { stdio: ['ignore', 'pipe', 'ignore'] });
  try {
    const [text] = (await once(parent.stdout, 'data')) as [Buffer];
    const pid = Number(text.toString());
    while (isRunning(pid)) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(() => process.kill(pid, 0)).not.toThrow();
    const names = [pid, process.pid].map((of) => `.tmp-build-${of}-0123456789ab`);
    for (const name of names) await mkdir(join(directory, name));
    await replaceDirectory(join(directory, 'build'), (temporary) => writeFile(join(temporary, 'a'), ''));
    expect((await readdir(directory)).sort()).toEqual([names[1], 'build']);
    expect(isRunning(process.pid)).toBe(true);
  } finally {
    parent.kill();
  }
});
