import type { AvocadoSource } from '../feed/avocado/source';
import type { PackagePin } from '../feed/types';
import { emptyLock, formatLock, parseLock } from './file';
import { lockedVersions, rpmSlice, rpmSliceAnswers, withRpmSlice } from './rpm-slice';
import type { RpmSlice } from './rpm-slice';
import { withMembers } from './members';
import { pinIncludes, upstreamVersion } from './includes';
import type { FeedContext } from '../feed/avocado/run';
import { movedImages } from './rpm-update';
import { onlyProjects } from './slice';
import type { Lock } from './types';

const machine = 'qemux86-64';
const app = { kind: 'extension', name: 'app' } as const;
const dev = { kind: 'runtime', name: 'dev' } as const;
const source: AvocadoSource = {
  ...{ image: 'sdk:1', release: '2024', channel: 'edge', tls_verify: true, weak_dependencies: true },
};
const pin = (name: string, version: string, architecture = 'core2_64'): PackagePin => ({
  ...{ name, version, architecture, filename: `${name}.rpm`, sha256: name.padEnd(64, '0'), size: 1 },
});
const image = { name: 'sdk:1', digest: 'sdk@sha256:1' };
const slice: RpmSlice = {
  requests: { tools: ['avocado-sdk-bootstrap', 'make'], extension: ['htop'], base: ['avocado-pkg-rootfs'] },
  image,
  bootstrap: ['avocado-sdk-bootstrap'],
  roots: {
    tools: [pin('avocado-sdk-bootstrap', '1-r0', 'noarch'), pin('libmake', '4-r1', 'sdk'), pin('make', '4-r1', 'sdk')],
    extension: [pin('htop', '1:3.4-r0'), pin('libncurses', '6-r0')],
  },
};

function locked(): Lock {
  const lock = withRpmSlice(emptyLock(), app, machine, 'amd64', slice);
  lock.targets[machine]!['repo-snapshot'] = { release: '2024', channel: 'edge', snapshot: 'S1' };
  return lock;
}

test('a slice comes back through the text of the lock', () => {
  const lock = parseLock(formatLock(locked()), 'avocado.lock');
  expect(rpmSlice(lock, app, machine, 'amd64')).toEqual({ ...slice, snapshot: 'S1' });
  expect(formatLock(lock)).toBe(formatLock(locked()));
  // Another build machine has SDK packages of its own.
  expect(rpmSlice(lock, app, machine, 'arm64')).toBeUndefined();
});

test("upstream's maps name what was asked for, without epochs", () => {
  expect(locked().targets[machine]).toMatchObject({
    sdk: { x86_64: { 'avocado-sdk-bootstrap': '1-r0.noarch', make: '4-r1.sdk' } },
    extensions: { app: { packages: { htop: '3.4-r0.core2_64' } } },
  });
});

test("versions that upstream's CLI wrote hold, also those below a runtime", () => {
  const lock: Lock = {
    ...emptyLock(),
    targets: {
      [machine]: {
        sdk: { x86_64: { make: '4.sdk' } },
        rootfs: { 'avocado-pkg-rootfs': '1.core2_64' },
        runtimes: { dev: { extensions: { app: { packages: { htop: '3.core2_64' } } } } },
      },
    },
  };
  const version = lockedVersions(lock, app, machine, 'amd64');
  expect([version('tools', 'make'), version('base', 'avocado-pkg-rootfs'), version('extension', 'htop')]).toEqual([
    '4.sdk',
    '1.core2_64',
    '3.core2_64',
  ]);
  expect(lockedVersions(lock, app, machine, 'arm64')('tools', 'make')).toBeUndefined();
  expect(rpmSlice(lock, app, machine, 'amd64')).toBeUndefined();
});

test("upstream's entries of a runtime's extensions: members, with the packages that are pinned", () => {
  const members = { [machine]: { dev: ['app', 'files'] }, other: { dev: ['app'] } };
  const lock = withMembers(locked(), members);
  const packages = { htop: '3.4-r0.core2_64' };
  expect(lock.targets[machine]?.runtimes).toEqual({ dev: { extensions: { app: { packages }, files: {} } } });
  expect(Object.keys(lock.targets)).toEqual([machine]);
  expect(withMembers(lock, members)).toEqual(lock);
  expect(rpmSlice(lock, app, machine, 'amd64')).toEqual({ ...slice, snapshot: 'S1' });
  // Both entries move with the pin, and go with the extension.
  const moved = { ...slice, roots: { ...slice.roots, extension: [pin('htop', '4-r0')] } };
  const next = withRpmSlice(lock, app, machine, 'amd64', moved);
  expect(next.targets[machine]?.runtimes?.['dev']?.extensions?.['app']).toEqual({
    packages: { htop: '4-r0.core2_64' },
  });
  expect(withMembers(next, { [machine]: { dev: ['files'] } }).targets[machine]?.runtimes).toEqual({
    dev: { extensions: { files: {} } },
  });
});

test("what upstream's CLI wrote below the runtime goes before what we wrote beside", () => {
  const lock = withMembers(locked(), { [machine]: { dev: ['app'] } });
  lock.targets[machine]!.runtimes!['dev']!.extensions!['app']!.packages = { htop: '5.core2_64' };
  expect(lockedVersions(lock, app, machine, 'amd64')('extension', 'htop')).toBe('5.core2_64');
});

describe('the source of a package extension', () => {
  const want = {
    ...{ extension: 'app', machine, request: 'app-ext', source, configFile: '/avocado.yaml' },
    position: { file: 'avocado.yaml' },
  };
  // Nothing here is asked of a feed.
  const context = {} as FeedContext;
  const include = { request: 'app-ext', version: '1:1.0~rc.1-r0.noarch', directory: '.', config: '' };
  const pinned: Lock = {
    ...locked(),
    rpm: { images: {}, packages: {}, projects: {}, includes: { [machine]: { 'app-ext': include } } },
  };

  test("is upstream's entry, with RPM's version alone, and goes with it", async () => {
    const { lock } = await pinIncludes(pinned, [want], false, context);
    const own = { type: 'package', package: 'app-ext', version: '1.0~rc.1' };
    expect(lock.targets[machine]?.extensions?.['app']).toEqual({ packages: { htop: '3.4-r0.core2_64' }, source: own });
    expect((await pinIncludes(lock, [want], false, context)).lock).toEqual(lock);
    const left = (await pinIncludes(lock, [], false, context)).lock;
    expect(left.targets[machine]?.extensions?.['app']).toEqual({ packages: { htop: '3.4-r0.core2_64' } });
  });

  test.each([
    ['holds where ours is lost', 'app-ext', { package: 'app-ext', version: '1.0' }, '1.0'],
    ['is of the extension itself where it names no package', 'app', { version: '1.0' }, '1.0'],
    ['holds for the same repository', 'app-ext * mine', { package: 'app-ext', version: '1.0' }, '1.0'],
    ['of another package says nothing', 'app-ext', { package: 'other', version: '1.0' }, undefined],
    ['that says any version says nothing', 'app-ext', { package: 'app-ext', version: '*' }, undefined],
    [
      'does not go before a version that avocado.yaml asks for',
      'app-ext 2',
      { package: 'app-ext', version: '1' },
      undefined,
    ],
  ])('%s', (_name, request, written, version) => {
    const lock: Lock = {
      ...emptyLock(),
      targets: { [machine]: { extensions: { app: { source: { type: 'package', ...written } } } } },
    };
    expect(upstreamVersion(lock, { ...want, request })).toBe(version);
  });
});

test('what it does not know of upstream stays in the lock', () => {
  const text = JSON.stringify({ version: 7, targets: { [machine]: { boot: { 'kernel-version': '6.12' } } } });
  const lock = withRpmSlice(parseLock(text, 'avocado.lock'), app, machine, 'amd64', slice);
  expect(JSON.parse(formatLock(lock))).toMatchObject({
    targets: { [machine]: { boot: { 'kernel-version': '6.12' } } },
  });
});

test.each<[string, Partial<AvocadoSource>, boolean]>([
  ['the same feed', {}, true],
  ['another address of it', { url: 'https://mirror' }, true],
  ['another image', { image: 'sdk:2' }, false],
  ['another channel', { channel: 'stable' }, false],
  ['no recommended packages', { weak_dependencies: false }, false],
  ['other arguments of dnf', { dnf_args: ['--nobest'] }, false],
])('%s: fits %s', (_name, changes, fits) => {
  const lock = locked();
  const found = rpmSlice(lock, app, machine, 'amd64');
  expect(rpmSliceAnswers(found, slice.requests, { ...source, ...changes }, lock.targets[machine])).toBe(fits);
});

test('a slice fits the arguments of dnf that it was chosen with, also through the text of the lock', () => {
  const chosen = { ...slice, arguments: ['--setopt=install_weak_deps=0', '--nobest'] };
  const lock = parseLock(formatLock(withRpmSlice(locked(), app, machine, 'amd64', chosen)), 'avocado.lock');
  const found = rpmSlice(lock, app, machine, 'amd64');
  const fits = (changes: Partial<AvocadoSource>): boolean =>
    rpmSliceAnswers(found, slice.requests, { ...source, ...changes }, lock.targets[machine]);
  expect(found?.arguments).toEqual(chosen.arguments);
  expect(fits({ weak_dependencies: false, dnf_args: ['--nobest'] })).toBe(true);
  expect(fits({})).toBe(false);
});

test('an image whose digest another lock has is named', () => {
  const lock = locked();
  const next = structuredClone(lock);
  next.rpm!.images = { 'sdk:1': 'sdk@sha256:2', 'sdk:3': 'sdk@sha256:3' };
  expect([movedImages(lock, next), movedImages(lock, lock), movedImages(emptyLock(), next)]).toEqual([
    ['sdk:1'],
    [],
    [],
  ]);
});

test('projects that are gone take their packages along', () => {
  const both = withRpmSlice(locked(), dev, machine, 'amd64', {
    ...slice,
    requests: { rootfs: ['avocado-pkg-rootfs'] },
    roots: { rootfs: [pin('avocado-pkg-rootfs', '1-r0')] },
  });
  const left = onlyProjects(both, [{ project: dev, machine }]);
  expect(Object.keys(left.rpm?.packages ?? {})).toEqual(['avocado-pkg-rootfs-1-r0.core2_64']);
  expect(Object.keys(left.rpm?.projects[machine] ?? {})).toEqual(['runtime dev']);
});
