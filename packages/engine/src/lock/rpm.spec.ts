import type { AvocadoSource } from '../feed/avocado/source';
import type { PackagePin } from '../feed/types';
import { emptyLock, formatLock, parseLock } from './file';
import { lockedVersions, rpmSlice, rpmSliceAnswers, withRpmSlice } from './rpm-slice';
import type { RpmSlice } from './rpm-slice';
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
])('%s: fits %s', (_name, changes, fits) => {
  const lock = locked();
  const found = rpmSlice(lock, app, machine, 'amd64');
  expect(rpmSliceAnswers(found, slice.requests, { ...source, ...changes }, lock.targets[machine])).toBe(fits);
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
