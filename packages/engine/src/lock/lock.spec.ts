import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { machine } from '../feed';
import type { PackagePin } from '../feed';
import {
  emptyLock,
  formatLock,
  lockDigest,
  lockSlice,
  parseLock,
  readLock,
  sliceAnswers,
  staleWants,
  withSlice,
  writeLock,
} from '.';
import type { LockSlice } from '.';
import { onlyProjects, sharedPins } from './slice';

const x86 = machine('qemux86-64');
const dev = { kind: 'runtime', name: 'dev' } as const;
const app = { kind: 'extension', name: 'app' } as const;

function pin(name: string, version = '1.0-1', architecture = 'amd64'): PackagePin {
  const filename = `pool/main/${name}_${version}_${architecture}.deb`;
  return { name, version, architecture, filename, sha256: 'a'.repeat(64), size: 10 };
}

const runtime: LockSlice = {
  requests: { tools: ['zstd'], rootfs: ['bash'], kernel: ['linux-image-cloud-amd64'] },
  roots: {
    tools: [pin('zstd')],
    rootfs: [pin('base-files', '13:1'), pin('bash')],
    kernel: [pin('linux-image-cloud-amd64')],
  },
};
const extension: LockSlice = {
  requests: { tools: ['zstd'], extension: ['curl'], base: ['bash'] },
  roots: { tools: [pin('zstd')], extension: [pin('curl'), pin('tzdata', '2025b', 'all')] },
};
const lock = withSlice(withSlice(emptyLock(), dev, x86, runtime), app, x86, extension);

test('what goes in comes out, also through the file', () => {
  const read = parseLock(formatLock(lock), 'avocado.lock');
  expect(lockSlice(read, dev, x86)).toEqual(runtime);
  expect(lockSlice(read, app, x86)).toEqual(extension);
  expect(lockSlice(read, { kind: 'extension', name: 'constructor' }, x86)).toBeUndefined();
  expect(lockSlice(read, dev, machine('qemuarm64'))).toBeUndefined();
});

test("the file has upstream's shape, and one package a line", () => {
  const text = formatLock(lock);
  expect(JSON.parse(text)).toMatchObject({
    version: 7,
    targets: {
      'qemux86-64': {
        extensions: { app: { packages: { curl: '1.0-1', tzdata: '2025b' } } },
        runtimes: { dev: { rootfs: { 'base-files': '13:1', bash: '1.0-1' } } },
      },
    },
    debian: { tzdata_2025b_all: { size: 10 } },
  });
  const moved = withSlice(lock, app, x86, {
    ...extension,
    roots: { ...extension.roots, extension: [pin('curl', '2'), pin('tzdata', '2025b', 'all')] },
  });
  const before = text.split('\n');
  const changed = formatLock(moved)
    .split('\n')
    .filter((line) => !before.includes(line));
  // The pin and its bytes; what nobody pins any more is gone.
  expect(changed).toHaveLength(2);
  expect(formatLock(moved)).not.toContain('curl_1.0-1');
  expect(formatLock(parseLock(text, 'avocado.lock'))).toBe(text);
});

test("a project's digest does not depend on another's pins", () => {
  const other = withSlice(lock, dev, x86, { ...runtime, roots: { ...runtime.roots, rootfs: [pin('bash', '2')] } });
  expect(lockDigest(lockSlice(other, app, x86))).toBe(lockDigest(lockSlice(lock, app, x86)));
  expect(lockDigest(lockSlice(other, dev, x86))).not.toBe(lockDigest(lockSlice(lock, dev, x86)));
  expect(lockDigest(undefined)).toMatch(/^[0-9a-f]{64}$/);
});

test('a package that was added or taken makes a slice stale', () => {
  const slice = lockSlice(lock, app, x86);
  expect(sliceAnswers(slice, extension.requests)).toBe(true);
  expect(sliceAnswers(slice, { ...extension.requests, extension: ['curl', 'jq'] })).toBe(false);
  expect(sliceAnswers(slice, { ...extension.requests, extension: [] })).toBe(false);
  const want = { project: app, machine: 'qemux86-64', requests: extension.requests };
  expect(staleWants(lock, [want])).toEqual([]);
  expect(staleWants(emptyLock(), [want])).toEqual([want]);
});

test('a pin whose bytes the lock does not name is no slice', () => {
  expect(lockSlice({ ...lock, debian: {} }, app, x86)).toBeUndefined();
});

test('shared roots are kept as long as they hold what is wanted', () => {
  expect(sharedPins(lock, x86, { tools: ['zstd'] })).toEqual({ tools: [pin('zstd')] });
  expect(sharedPins(lock, x86, { tools: ['zstd', 'cpio'] })).toEqual({});
  expect(sharedPins(undefined, x86, { tools: ['zstd'] })).toEqual({});
});

test('projects that are gone leave the lock', () => {
  const kept = onlyProjects(lock, [{ project: app, machine: 'qemux86-64' }]);
  expect(lockSlice(kept, dev, x86)).toBeUndefined();
  expect(lockSlice(kept, app, x86)).toEqual(extension);
  expect(formatLock(kept)).not.toContain('base-files');
});

describe('a file that is no lock', () => {
  test.each([
    ['{\n "version": 7,\n "targets": {,}\n}', 'LOCK_INVALID', 3],
    ['{\n<<<<<<< HEAD\n "version": 7\n=======\n>>>>>>> b\n}', 'LOCK_INVALID', 2],
    ['', 'LOCK_INVALID', 1],
    ['[]', 'LOCK_INVALID', 1],
    ['{\n "version": 8 }', 'LOCK_TOO_NEW', 2],
    ['{ "version": "7" }', 'LOCK_INVALID', 1],
    ['{ "version": 7,\n "targets": [] }', 'LOCK_INVALID', 2],
    ['{ "version": 7,\n\n "debian": { "a": 1 } }', 'LOCK_INVALID', 3],
  ])('%j: %s at line %d', (text, code, line) => {
    expect(() => parseLock(text, 'avocado.lock')).toThrow(
      expect.objectContaining({ code, position: { file: 'avocado.lock', line } }),
    );
  });
});

describe('a lock of an older avocado CLI', () => {
  const packages = { htop: '3.4-r0.core2_64' };
  const target = (text: object) => parseLock(JSON.stringify(text), 'lock.json').targets['qemux86-64'];

  test.each<[string, object, object]>([
    [
      '1, without a number: of the SDK nobody knows for which architecture',
      { sdk: { make: '1' }, rootfs: packages, 'extensions/app': packages, 'runtimes/dev': packages },
      { rootfs: packages, extensions: { app: { packages } }, runtimes: { dev: { packages } } },
    ],
    [
      '2: flat packages, and where they were fetched from beside',
      {
        sdk: { x86_64: { make: '1' } },
        extensions: { app: packages },
        'fetched-extensions': { app: { 'app-ext': '1.0' }, other: { other: '2.0' } },
        runtimes: { dev: packages },
      },
      {
        sdk: { x86_64: { make: '1' } },
        extensions: {
          app: { packages, source: { type: 'package', package: 'app-ext', version: '1.0' } },
          other: { source: { type: 'package', package: 'other', version: '2.0' } },
        },
        runtimes: { dev: { packages } },
      },
    ],
    ...[3, 4, 6].map((version): [string, object, object] => [
      `${version}: what came since is not there`,
      { extensions: { app: { packages } } },
      { extensions: { app: { packages } } },
    ]),
    [
      '5: flat runtimes',
      { 'kernel-versions': { rootfs: '6.12' }, runtimes: { dev: packages } },
      { 'kernel-versions': { rootfs: '6.12' }, runtimes: { dev: { packages } } },
    ],
  ])('version %s', (name, before, after) => {
    const version = Number(name[0]);
    expect(target({ ...(version > 1 && { version }), targets: { 'qemux86-64': before } })).toEqual(after);
  });

  test('at its old place it is read where there is no other, and gone once that is written', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'lock-'));
    try {
      const [path, legacy] = [join(directory, 'avocado.lock'), join(directory, '.avocado/lock.json')];
      await mkdir(join(directory, '.avocado'));
      await writeFile(legacy, JSON.stringify({ version: 6, targets: { 'qemux86-64': { rootfs: packages } } }));
      const read = await readLock(path);
      expect(read).toEqual({ ...emptyLock(), targets: { 'qemux86-64': { rootfs: packages } } });
      await writeLock(path, read);
      await expect(readFile(legacy)).rejects.toMatchObject({ code: 'ENOENT' });
      expect(await readLock(path)).toEqual(read);
      await writeFile(legacy, '{ "version": 8 }');
      expect(await readLock(path)).toEqual(read);
      await rm(path);
      await expect(readLock(path)).rejects.toMatchObject({ code: 'LOCK_TOO_NEW', position: { file: legacy } });
    } finally {
      await rm(directory, { recursive: true });
    }
  });
});

test('no file is an empty lock; a written one is there as a whole', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'lock-'));
  try {
    const path = join(directory, 'avocado.lock');
    expect(await readLock(path)).toEqual(emptyLock());
    await writeFile(path, 'old');
    await writeLock(path, lock);
    expect(await readFile(path, 'utf8')).toBe(formatLock(lock));
  } finally {
    await rm(directory, { recursive: true });
  }
});
