import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, readdir, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fetchPackages, machine, openRoot, rootSpec, rootfsTar } from '@nx-avocado/engine/feed';
import type { PackagePin, RootRequests, RootSpec, SdkDescriptor } from '@nx-avocado/engine/feed';
import { lockSlice, readLock, sdkInstall, updateLock } from '@nx-avocado/engine/lock';
import { silentReporter } from '@nx-avocado/engine/report';
import type { Reporter } from '@nx-avocado/engine/report';
import { sha256File, storePath } from '@nx-avocado/engine/store';

const target = 'qemux86-64';
const project = { kind: 'extension', name: 'app' } as const;
/** One small package without dependencies: everything happens, and soon. */
const small: RootRequests = { initramfs: ['busybox-static'] };

jest.setTimeout(180_000);

let workspace: string;
let notices: string[];
let reporter: Reporter;
const before = { ...process.env };

beforeAll(async () => {
  workspace = await mkdtemp(join(tmpdir(), 'feed-'));
  process.env['NX_AVOCADO_STORE'] = join(workspace, 'store');
});
afterAll(async () => {
  process.env = before;
  await rm(workspace, { recursive: true });
});
beforeEach(() => {
  notices = [];
  reporter = { ...silentReporter, notice: (message) => notices.push(message) };
  delete process.env['NX_AVOCADO_DEBIAN_MIRROR'];
});

function install(lock: 'strict' | 'refresh', requests = small, signal?: AbortSignal): Promise<SdkDescriptor> {
  const options = {
    ...({ machine: target, outputPath: 'app/.avocado/app/sdk-install', feed: 'debian', lock } as const),
    ...{ configFile: 'app/avocado.yaml', project, lockDigest: '', requests: requests as Record<string, string[]> },
  };
  return sdkInstall(options, { workspaceRoot: workspace, reporter, signal: signal ?? new AbortController().signal });
}

const output = (file: string) => readFile(join(workspace, 'app/.avocado/app/sdk-install', file), 'utf8');
const lockFile = () => join(workspace, 'app/avocado.lock');

async function pinOf(name: string): Promise<PackagePin> {
  const slice = lockSlice(await readLock(lockFile()), project, machine(target));
  const found = Object.values(slice?.roots ?? {})
    .flat()
    .find((pin) => pin.name === name);
  if (!found) throw new Error(`no pin of ${name}`);
  return found;
}

test('strict, without a lock: an error that names the command, and nothing is written', async () => {
  await expect(install('strict')).rejects.toMatchObject({
    code: 'LOCK_MISSING',
    hint: expect.stringMatching(/nx sync/),
  });
  await expect(stat(join(workspace, 'app'))).rejects.toThrow('ENOENT');
});

test('refresh, without a lock: resolved, pinned, installed, and one line says so', async () => {
  const { roots } = await install('refresh');
  expect(notices).toEqual([expect.stringMatching(/^app\/avocado\.lock had no packages for the extension app/)]);
  const path = storePath('roots', roots.initramfs!.digest);
  expect((await stat(join(path, 'usr/bin/busybox'))).isFile()).toBe(true);
  expect((await pinOf('busybox-static')).sha256).toBe(roots.initramfs!.packages[0]!.sha256);
});

test('with the lock, strict gives the same bytes, without the network', async () => {
  const first = await output('sdk.json');
  const lock = await readFile(lockFile(), 'utf8');
  process.env['NX_AVOCADO_DEBIAN_MIRROR'] = 'http://127.0.0.1:9/debian';
  await install('strict');
  expect(await output('sdk.json')).toBe(first);
  expect(await readFile(lockFile(), 'utf8')).toBe(lock);
  expect(notices).toEqual([]);
});

test('a package that was added since makes the lock unfit', async () => {
  const more = { initramfs: ['busybox-static', 'kmod'] };
  await expect(install('strict', more)).rejects.toMatchObject({ code: 'LOCK_MISSING' });
});

describe('bytes in the store', () => {
  test.each([
    ['truncated', (path: string) => truncate(path, 1000)],
    ['flipped', async (path: string) => writeFile(path, Buffer.from(await readFile(path)).fill(0, 500, 501))],
    ['gone', (path: string) => rm(path)],
  ])('%s: fetched again', async (_name, damage) => {
    const pin = await pinOf('busybox-static');
    const path = storePath('debs', `${pin.sha256}.deb`);
    await damage(path);
    await fetchPackages([pin], { reporter });
    expect(await sha256File(path)).toBe(pin.sha256);
  });

  test('that a mirror gets wrong are refused, and not kept', async () => {
    const pin = await pinOf('busybox-static');
    const server = createServer((_request, response) => response.end('not a package'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    process.env['NX_AVOCADO_DEBIAN_MIRROR'] = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    await rm(storePath('debs', `${pin.sha256}.deb`));
    try {
      await expect(fetchPackages([pin], { reporter })).rejects.toMatchObject({ code: 'PACKAGE_CORRUPT' });
    } finally {
      server.closeAllConnections();
      server.close();
    }
    expect(await readdir(storePath('debs'))).toEqual([]);
  });

  test('that nobody serves: an error about the network', async () => {
    process.env['NX_AVOCADO_DEBIAN_MIRROR'] = 'http://127.0.0.1:9/debian';
    await expect(fetchPackages([await pinOf('busybox-static')], { reporter })).rejects.toMatchObject({
      code: 'FEED_UNREACHABLE',
    });
  });
});

describe('a pin that the mirror no longer has', () => {
  beforeEach(async () => {
    await install('refresh');
    const { filename, sha256, version } = await pinOf('busybox-static');
    const text = await readFile(lockFile(), 'utf8');
    const old = text.replaceAll(version, '1:0.1-1').replace(filename, 'pool/main/b/busybox/gone_0.1-1_amd64.deb');
    await writeFile(lockFile(), old.replace(sha256, '0'.repeat(64)));
    notices = [];
  });

  test('strict: an error that names the command, and the last output stays', async () => {
    const last = await output('sdk.json');
    await expect(install('strict')).rejects.toMatchObject({
      code: 'PIN_VANISHED',
      hint: expect.stringMatching(/nx sync/),
    });
    expect(await output('sdk.json')).toBe(last);
  });

  test('refresh: moved, and one line says so', async () => {
    await install('refresh');
    expect(notices).toEqual([expect.stringMatching(/busybox-static 1:0\.1-1.*moved/)]);
    expect((await pinOf('busybox-static')).version).not.toBe('1:0.1-1');
  });
});

test('a package that Debian does not have is an error that names it', async () => {
  const wants = [{ project, machine: target, requests: { initramfs: ['no-such-package-here'] } }];
  await expect(updateLock(wants, { reporter })).rejects.toMatchObject({
    code: 'PACKAGE_UNAVAILABLE',
    message: expect.stringMatching(/no-such-package-here/),
  });
});

test('an abort leaves nothing half; several at once make one root', async () => {
  const pins = lockSlice(await readLock(lockFile()), project, machine(target))!.roots.initramfs!;
  const spec: RootSpec = { ...rootSpec('initramfs', machine(target), pins), digest: 'f'.repeat(64) };
  const abort = new AbortController();
  const stop: Reporter = {
    ...reporter,
    step: () => (abort.abort(), { update: () => undefined, done: () => undefined }),
  };
  await expect(openRoot(spec, { reporter: stop, signal: abort.signal })).rejects.toMatchObject({ code: 'ABORTED' });
  const names = await readdir(storePath('roots'));
  expect(names.filter((name) => name.includes('ffff') || name.startsWith('.tmp-'))).toEqual([]);

  let steps = 0;
  const count: Reporter = { ...reporter, step: (label) => (steps++, silentReporter.step(label)) };
  const opened = await Promise.all([1, 2, 3].map(() => openRoot(spec, { reporter: count })));
  expect(new Set(opened.map(({ path }) => path)).size).toBe(1);
  // One fetched and installed; the others found it there.
  expect(steps).toBe(2);
});

test('an OS root has the owners of Debian, nothing of this machine, and the same bytes every time', async () => {
  const requests: RootRequests = { rootfs: ['base-files', 'passwd'] };
  const lock = await updateLock([{ project, machine: target, requests }], { reporter });
  const pins = lockSlice(lock, project, machine(target))!.roots.rootfs!;
  const spec = rootSpec('rootfs', machine(target), pins);
  const digests: string[] = [];
  for (const [timeZone, umask] of [['Asia/Tokyo', 0o077] as const, ['America/Lima', 0o022] as const]) {
    process.env['TZ'] = timeZone;
    const own = process.umask(umask);
    try {
      const tar = await rootfsTar(spec, { reporter });
      digests.push(await sha256File(tar));
      const list = execFileSync('tar', ['--list', '--verbose', '--numeric-owner', `--file=${tar}`], {
        encoding: 'utf8',
      });
      expect(list).toMatch(/^-rw-r----- 0\/42 .* 1970-01-01 .*\/etc\/shadow$/m);
      expect(list).not.toMatch(/sources\.list$|mmdebstrap/m);
      await rm(tar);
    } finally {
      process.umask(own);
    }
  }
  expect(digests[0]).toBe(digests[1]);
});
