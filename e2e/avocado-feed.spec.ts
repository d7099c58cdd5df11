import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatError } from '@nx-avocado/engine/error';
import type { RootRequests } from '@nx-avocado/engine/feed';
import type { Lock } from '@nx-avocado/engine/lock';
import { storePath } from '@nx-avocado/engine/store';
import { makeCertificates } from '../tools/test-feed/certificates';
import { openTestFeed, snapshots } from '../tools/test-feed/feed';
import type { TestFeed } from '../tools/test-feed/feed';
import { serveFeed } from '../tools/test-feed/server';
import type { FeedServer, Fault } from '../tools/test-feed/server';
import { FeedWorkspace } from './support/avocado-feed';

jest.setTimeout(600_000);

/** Two small packages: everything happens, and soon. */
const small: RootRequests = {
  tools: ['avocado-sdk-bootstrap', 'avocado-sdk-qemux86-64'],
  extension: ['greeting'],
  base: ['netbase'],
};

let feed: TestFeed;
let server: FeedServer;
let store: string;
let workspace: FeedWorkspace;
const before = { ...process.env };

beforeAll(async () => {
  feed = await openTestFeed();
});
beforeEach(async () => {
  store = mkdtempSync(join(tmpdir(), 'avocado-store-'));
  process.env['NX_AVOCADO_STORE'] = store;
  server = await serveFeed(feed);
  workspace = new FeedWorkspace(feed, server.url);
});
afterEach(async () => {
  await server.close();
  workspace.remove();
  rmSync(store, { recursive: true, force: true });
  process.env = { ...before };
});

const lockFile = (): string => workspace.path('app/avocado.lock');
const lockText = (): string => readFileSync(lockFile(), 'utf8');
const lock = (): Lock => JSON.parse(lockText()) as Lock;
const emptyStore = (): void => rmSync(store, { recursive: true, force: true });
const greeting = (digest: string): string =>
  readFileSync(join(storePath('roots', digest), 'usr/share/greeting'), 'utf8');

/** Files below a directory whose text matches. */
function filesWith(directory: string, pattern: RegExp): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => pattern.test(readFileSync(file, 'latin1')));
}

test('strict, without a lock: an error that names the command, and nothing is written', async () => {
  await expect(workspace.install(small, { lock: 'strict' })).rejects.toMatchObject({
    code: 'LOCK_MISSING',
    hint: expect.stringMatching(/nx sync/),
  });
  expect(existsSync(lockFile())).toBe(false);
  expect(server.requests).toEqual([]);
});

test("refresh, without a lock: pinned with the snapshot, in upstream's format, and installed", async () => {
  const { roots } = await workspace.install(small);
  expect(workspace.notices).toEqual([expect.stringMatching(/^app\/avocado\.lock did not pin all packages/)]);
  expect(greeting(roots.extension!.digest)).toBe('version 1.0-r0\n');
  expect(roots.extension!.packages.map(({ name }) => name)).toEqual(['greeting', 'greeting-extra']);
  expect(lock()).toMatchObject({
    version: 7,
    distro_release: '2024',
    targets: {
      'qemux86-64': {
        sdk: {
          x86_64: {
            'avocado-sdk-bootstrap': '1.0-r0.qemux86_64_x86_64_avocadosdk',
            'avocado-sdk-qemux86-64': '1.0-r0.all_avocadosdk',
          },
        },
        extensions: { app: { packages: { greeting: '1.0-r0.core2_64' } } },
        'repo-snapshot': { release: '2024', channel: 'edge', snapshot: snapshots[0] },
      },
    },
  });
  expect(lockText()).not.toContain(server.url);
});

test('with the lock, strict: the same output from an empty store, and no network once it is installed', async () => {
  const first = await workspace.install(small);
  const text = lockText();
  server.state.head = snapshots[1];
  emptyStore();
  expect(await workspace.install(small, { lock: 'strict' })).toEqual(first);
  await server.close();
  expect(await workspace.install(small, { lock: 'strict' })).toEqual(first);
  expect(lockText()).toBe(text);
});

test('a lock that the avocado CLI wrote again: its snapshot and its versions hold', async () => {
  const first = await workspace.install(small);
  const text = lockText();
  const { rpm: _ours, debian: _none, ...upstream } = lock();
  writeFileSync(lockFile(), JSON.stringify(upstream));
  await expect(workspace.install(small, { lock: 'strict' })).rejects.toMatchObject({ code: 'LOCK_MISSING' });
  server.state.head = snapshots[1];
  expect(await workspace.install(small)).toEqual(first);
  expect(lockText()).toBe(text);
});

test('a lock of an older avocado CLI, at its old place: its snapshot and its versions hold', async () => {
  const first = await workspace.install(small);
  const text = lockText();
  const { extensions, ...target } = lock().targets['qemux86-64']!;
  const written = { version: 6, distro_release: '2024', targets: { 'qemux86-64': target } };
  // As its `ext install` writes them.
  target.runtimes = { dev: { extensions: { app: { packages: extensions!['app']!.packages! } } } };
  rmSync(lockFile());
  const legacy = workspace.path('app/.avocado/lock.json');
  writeFileSync(legacy, JSON.stringify(written));
  server.state.head = snapshots[1];
  expect(await workspace.install(small)).toEqual(first);
  expect(existsSync(legacy)).toBe(false);
  expect(lock().targets['qemux86-64']?.runtimes).toEqual(target.runtimes);
  const { runtimes: _members, ...others } = lock().targets['qemux86-64']!;
  expect({ ...lock(), targets: { 'qemux86-64': others } }).toEqual(JSON.parse(text));
});

describe('a snapshot that the feed no longer has', () => {
  beforeEach(async () => {
    await workspace.install(small);
    workspace.notices = [];
    emptyStore();
    server.state.head = snapshots[1];
    server.state.kept = [snapshots[1]];
  });

  test('strict: an error that names the command', async () => {
    const text = lockText();
    await expect(workspace.install(small, { lock: 'strict' })).rejects.toMatchObject({
      code: 'SNAPSHOT_VANISHED',
      message: expect.stringContaining(snapshots[0]),
      hint: expect.stringMatching(/nx g nx-avocado:lock --update/),
    });
    expect(lockText()).toBe(text);
  });

  test('refresh: the next one, and one line says so', async () => {
    const { roots } = await workspace.install(small);
    expect(workspace.notices).toEqual([expect.stringMatching(/snapshot.*moved/)]);
    expect(greeting(roots.extension!.digest)).toBe('version 1.1-r0\n');
    expect(lock().targets['qemux86-64']?.['repo-snapshot']?.snapshot).toBe(snapshots[1]);
  });
});

describe('a feed without snapshots', () => {
  beforeEach(async () => {
    server.state.pointer = false;
    await workspace.install(small);
    workspace.notices = [];
  });

  test('is followed at its head, and the lock says so', () => {
    expect(lock().targets['qemux86-64']?.['repo-snapshot']).toBeUndefined();
  });

  test('a pin that vanished, strict: an error that names the package and the command', async () => {
    emptyStore();
    server.state.head = snapshots[1];
    await expect(workspace.install(small, { lock: 'strict' })).rejects.toMatchObject({
      code: 'PIN_VANISHED',
      message: expect.stringContaining('greeting-1.0-r0.core2_64'),
    });
  });

  test('a pin that vanished, refresh: the next version', async () => {
    emptyStore();
    server.state.head = snapshots[1];
    const { roots } = await workspace.install(small);
    expect(workspace.notices).toEqual([expect.stringMatching(/greeting-1\.0-r0\.core2_64.*moved/)]);
    expect(greeting(roots.extension!.digest)).toBe('version 1.1-r0\n');
  });
});

describe('a feed that does not do its part', () => {
  test.each<[Fault, RegExp, string]>([
    ['corrupt', /greeting-1.*\.rpm$/, 'PACKAGE_CORRUPT'],
    ['truncated', /greeting-1.*\.rpm$/, 'FEED_UNREACHABLE'],
    ['missing', /greeting-1.*\.rpm$/, 'FEED_UNREACHABLE'],
    ['error', /repomd\.xml$/, 'FEED_UNREACHABLE'],
    ['error', /snapshots-latest\.json$/, 'FEED_UNREACHABLE'],
    ['corrupt', /primary\.xml/, 'PACKAGE_CORRUPT'],
  ])('%s %s: %s, and nothing half is left', async (fault, path, code) => {
    server.state.fault = (asked) => (path.test(asked) ? fault : undefined);
    await expect(workspace.install(small)).rejects.toMatchObject({ code });
    expect(existsSync(workspace.path('app/.avocado'))).toBe(false);
    server.state.fault = () => undefined;
    await workspace.install(small);
  });

  test('a name that it does not have is told', async () => {
    const requests = { ...small, extension: ['greeting', 'no-such-package'] };
    await expect(workspace.install(requests)).rejects.toMatchObject({
      code: 'PACKAGE_UNAVAILABLE',
      message: expect.stringContaining('no-such-package'),
    });
  });
});

test('a private feed: refused without a login; with one, no file has the password afterwards', async () => {
  server.state.login = 'me:se@cret';
  await expect(workspace.install(small)).rejects.toMatchObject({ code: 'FEED_FORBIDDEN' });
  process.env['AVOCADO_REPO_URL'] = server.url.replace('://', '://me:se%40cret@');
  await workspace.install(small);
  expect(filesWith(store, /se(@|%40)cret/)).toEqual([]);
  expect(filesWith(workspace.workspaceRoot, /se(@|%40)cret/)).toEqual([]);
  // One that is wrong is no more shown than one that is right.
  emptyStore();
  process.env['AVOCADO_REPO_URL'] = server.url.replace('://', '://me:wr0ng@');
  const error = await workspace.install(small).catch((found: unknown) => found);
  expect(error).toMatchObject({ code: 'FEED_FORBIDDEN' });
  expect(formatError(error)).not.toContain('wr0ng');
  expect(filesWith(store, /wr0ng/)).toEqual([]);
});

test('weak dependencies stay out where avocado.yaml says so', async () => {
  const { roots } = await workspace.install(small, { source: { weak_dependencies: false } });
  expect(roots.extension!.packages.map(({ name }) => name)).toEqual(['greeting']);
});

test('a package extension comes from the repository that is named, or not at all', async () => {
  const asking = (repository: string): RootRequests => ({ ...small, include: [`avocado-ext-dev * ${repository}`] });
  const { roots } = await workspace.install(asking('qemux86-64-target-ext'));
  expect(roots.include!.packages.map(({ name }) => name)).toEqual(['avocado-ext-dev']);
  await expect(workspace.install(asking('nowhere'))).rejects.toMatchObject({ code: 'REPOSITORY_UNKNOWN' });
});

test('other arguments of dnf: what they choose is pinned anew, never taken from the lock in silence', async () => {
  await workspace.install(small);
  const dnf_args = ['--exclude=greeting-extra'];
  await expect(workspace.install(small, { source: { dnf_args }, lock: 'strict' })).rejects.toMatchObject({
    code: 'LOCK_MISSING',
  });
  const { roots } = await workspace.install(small, { source: { dnf_args } });
  expect(roots.extension!.packages.map(({ name }) => name)).toEqual(['greeting']);
  expect(await workspace.install(small, { source: { dnf_args }, lock: 'strict' })).toMatchObject({ roots });
});

test('TLS: an authority that nobody named is refused, a named one is taken, in the file or in the environment', async () => {
  process.env['NX_AVOCADO_STORE'] = before['NX_AVOCADO_STORE'];
  const certificates = await makeCertificates();
  process.env['NX_AVOCADO_STORE'] = store;
  const secure = await serveFeed(feed, { certificates });
  try {
    const { url } = secure;
    await expect(workspace.install(small, { source: { url } })).rejects.toMatchObject({
      code: 'FEED_UNTRUSTED',
      hint: expect.stringMatching(/distro\.repo\.ca/),
    });
    writeFileSync(workspace.path('app/ca.pem'), certificates.authority);
    await workspace.install(small, { source: { url, ca: 'ca.pem' } });
    emptyStore();
    process.env['AVOCADO_REPO_CA'] = workspace.path('app/ca.pem');
    await workspace.install(small, { source: { url } });
    delete process.env['AVOCADO_REPO_CA'];
    emptyStore();
    await workspace.install(small, { source: { url, tls_verify: false } });
  } finally {
    await secure.close();
  }
});
