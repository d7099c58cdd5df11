import { loadConfigOrThrow } from '../../config';
import { dnfStep } from './dnf';
import { feedPaths } from './layout';
import { formatRequest, lockedVersion, nevra, rpmVersion } from './nevra';
import { dnfSpec } from './prepare';
import { parseTransaction, resolveCalls } from './resolve';
import { targetArchitecture } from './spec';
import { avocadoSource, choosingArguments, connection, releasever } from './source';
import type { AvocadoSource } from './source';
import { parsePointer, pointerPath, snapshotFits } from './snapshot';
import { prefixSteps, sdkRpmArchitecture } from './steps';

const paths = feedPaths('qemux86-64', 'amd64');
const options = { paths, releasever: '2024/edge', tls_verify: true, more: [] };
const source: AvocadoSource = {
  image: 'sdk:1',
  release: '2024',
  channel: 'edge',
  tls_verify: true,
  weak_dependencies: true,
};
const argvOf = (...args: Parameters<typeof dnfStep>): string[] => {
  const step = dnfStep(...args);
  return step.kind === 'run' ? step.argv : [];
};

describe('dnf is called as the avocado CLI calls it', () => {
  const install = { label: 'x', argv: ['-y', 'install', 'a'] };

  test('for the SDK: configuration and state below its prefix, extensions left out', () => {
    const argv = argvOf({ ...install, side: 'sdk' }, options);
    expect(argv.slice(0, 4)).toEqual(['dnf', '--releasever=2024/edge', '--best', '--setopt=check_config_file_age=0']);
    expect(argv).toContain('--setopt=varsdir=/opt/_avocado/qemux86-64/sdk/x86_64/etc/dnf/vars');
    expect(argv).toContain(
      '--setopt=reposdir=/opt/_avocado/qemux86-64/sdk/x86_64/etc/yum.repos.d,/opt/_avocado/qemux86-64/sdk/target-repoconf/etc/yum.repos.d',
    );
    expect(argv).toContain('--disablerepo=qemux86-64-target-ext');
    expect(argv.slice(-3)).toEqual(['-y', 'install', 'a']);
  });

  test("for the target: its own repositories and RPM's configuration, below an installroot", () => {
    const step = dnfStep({ ...install, side: 'target', installroot: '/mnt/root' }, options);
    expect(step).toMatchObject({ env: { RPM_ETCCONFIGDIR: paths.target, RPM_NO_CHROOT_FOR_SCRIPTS: '1' } });
    expect(argvOf({ ...install, side: 'target', installroot: '/mnt/root' }, options)).toEqual(
      expect.arrayContaining([`--setopt=reposdir=${paths.target}/etc/yum.repos.d`, '--installroot=/mnt/root']),
    );
  });

  test.each([
    [{ tls_verify: false }, '--setopt=sslverify=0'],
    [{ more: ['--setopt=retries=9'] }, '--setopt=retries=9'],
  ])('%j', (changes, word) => {
    expect(argvOf({ ...install, side: 'sdk' }, { ...options, ...changes })).toContain(word);
    expect(argvOf({ ...install, side: 'sdk' }, options)).not.toContain(word);
  });

  test("the first package, with the repositories, comes without scripts and from the image's repository alone", () => {
    const argv = argvOf({ ...install, side: 'bootstrap', noscripts: true }, options);
    expect(argv).toContain('--setopt=tsflags=noscripts');
    expect(argv).toContain(`--setopt=reposdir=${paths.sdk}/etc/yum.repos.d`);
  });
});

test('the prefix takes packages of the machine-scoped architecture first', () => {
  expect(sdkRpmArchitecture(paths)).toBe('qemux86_64_x86_64_avocadosdk');
  expect(prefixSteps(paths)).toContainEqual({
    kind: 'write',
    path: `${paths.sdk}/etc/rpm/platform`,
    content: 'qemux86_64_x86_64_avocadosdk-avocado-linux\n',
  });
});

test('an extension is resolved together with the OS image, whose pinned versions hold', () => {
  const locked = (root: string, name: string) => (root === 'base' && name === 'image' ? '1-r0.core2_64' : undefined);
  const calls = resolveCalls('qemux86-64', { extension: ['app 2.*'], base: ['image'] }, locked);
  expect(calls.map(({ name, call }) => [name, call.argv.slice(2)])).toEqual([
    ['bootstrap', ['avocado-sdk-bootstrap']],
    ['base', ['image-1-r0.core2_64']],
    ['extension', ['image-1-r0.core2_64', 'app-2.*']],
  ]);
});

test.each([
  ['name', undefined, 'name'],
  ['name 1.2', undefined, 'name-1.2'],
  ['name 1.2', '1.2.3-r0.core2_64', 'name-1.2.3-r0.core2_64'],
])('%s, locked at %s: %s', (request, locked, spec) => {
  expect(dnfSpec(request, () => locked)).toBe(spec);
});

describe('what a transaction would install', () => {
  const described = {
    ...{ name: 'a', version: '1:2.0-r0', architecture: 'core2_64', sha256: 'f'.repeat(64), size: 1, provides: [] },
    location: 'https://me:secret@feed.example/avocado/2024/edge/target/core2_64/a.rpm',
  };

  test('places are told relative to the feed, without credentials', () => {
    const [pin] = parseTransaction(JSON.stringify([described]), 'https://me:secret@feed.example/avocado');
    expect(pin).toMatchObject({ filename: '2024/edge/target/core2_64/a.rpm' });
    expect(nevra(pin!)).toBe('a-1:2.0-r0.core2_64');
    expect(lockedVersion(pin!)).toBe('2.0-r0.core2_64');
    const [elsewhere] = parseTransaction(JSON.stringify([described]), 'https://mirror.example');
    expect(elsewhere!.filename).toBe('https://feed.example/avocado/2024/edge/target/core2_64/a.rpm');
  });

  test('a package without sha256 is refused', () => {
    expect(() => parseTransaction(JSON.stringify([{ ...described, sha256: null }]), 'https://x')).toThrow(
      expect.objectContaining({ code: 'PACKAGE_UNPINNABLE' }),
    );
  });
});

describe('where the feed is', () => {
  test("the environment goes before the file, in upstream's order", () => {
    const file = { ...source, url: 'https://file/' };
    expect(connection(source, {}).url).toMatch(/^https:\/\/repo\./);
    expect(connection(file, {}).url).toBe('https://file');
    expect(connection(file, { AVOCADO_SDK_REPO_URL: 'https://old' }).url).toBe('https://old');
    expect(connection(file, { AVOCADO_SDK_REPO_URL: 'https://old', AVOCADO_REPO_URL: 'https://new/' }).url).toBe(
      'https://new',
    );
    expect(connection(source, { AVOCADO_REPO_URL: 'https://me:a%40b@host/x@y/' })).toMatchObject({
      url: 'https://host/x@y',
      login: { username: 'me', password: 'a@b' },
    });
    expect(() => connection(source, { AVOCADO_REPO_URL: 'host/feed' })).toThrow(
      expect.objectContaining({ code: 'FEED_URL_INVALID' }),
    );
    expect(connection(file, { AVOCADO_REPO_CA: '/ca.pem', AVOCADO_REPO_INSECURE: 'Yes' })).toMatchObject({
      ca: '/ca.pem',
      tls_verify: false,
    });
  });

  test('what avocado.yaml and the environment say of dnf is part of the feed, but no login', () => {
    const yaml = 'sdk: {image: i, disable_weak_dependencies: true}\ndistro: {release: 2024, channel: edge}';
    const sourceOf = (AVOCADO_DNF_ARGS: string): AvocadoSource =>
      avocadoSource(
        loadConfigOrThrow('avocado.yaml', { machine: 'qemux86-64', text: yaml, env: { AVOCADO_DNF_ARGS } }).config,
      );
    expect(choosingArguments(sourceOf('--nobest'))).toEqual(['--setopt=install_weak_deps=0', '--nobest']);
    expect(sourceOf('')).not.toHaveProperty('dnf_args');
    for (const secret of ['--setopt=password=x', '--repofrompath=a,https://me:x@host/']) {
      expect(() => sourceOf(secret)).toThrow(expect.objectContaining({ code: 'DNF_ARGS_SECRET' }));
    }
  });

  test('releasever: the head, a snapshot of it, or what the file chooses', () => {
    expect(releasever(source, undefined)).toBe('2024/edge');
    expect(releasever(source, 'S1')).toBe('2024/edge/snapshots/S1');
    expect(releasever({ ...source, releasever: 'mine' }, 'S1')).toBe('mine');
  });

  test('a snapshot holds for its release and channel, and never where releasever is chosen', () => {
    const pin = { release: '2024', channel: 'edge', snapshot: 'S1' };
    expect(snapshotFits(pin, source)).toBe(true);
    expect(snapshotFits(pin, { ...source, channel: 'stable' })).toBe(false);
    expect(snapshotFits(pin, { ...source, releasever: 'mine' })).toBe(false);
    expect(snapshotFits(undefined, source)).toBe(false);
    expect(pointerPath('avocado-raspberrypi5', source)).toBe('2024/edge/target/raspberrypi5/snapshots-latest.json');
  });

  test.each(['not json', '[]', 'null', '{"id":1}', '{"id":"../x"}', '{"id":""}', '{"id":"a/b"}'])(
    'the pointer %s names no snapshot',
    (text) => {
      expect(() => parsePointer(text, 'p')).toThrow(expect.objectContaining({ code: 'SNAPSHOT_INVALID' }));
    },
  );
});

test.each([
  ['qemux86-64', 'amd64'],
  ['intel-x86-64-v3', 'amd64'],
  ['raspberrypi5', 'arm64'],
])('%s is %s', (machine, architecture) => {
  expect(targetArchitecture(machine)).toBe(architecture);
});

test('a package extension comes from the repository that avocado.yaml names, and from no other', () => {
  const call = (text: string) => resolveCalls('qemux86-64', { include: [text] }, () => undefined).at(-1)?.call.argv;
  expect(call(formatRequest('ext', '*'))).toEqual(['--assumeno', 'install', 'ext']);
  expect(call(formatRequest('ext', '1.0'))).toEqual(['--assumeno', 'install', 'ext-1.0']);
  expect(call(formatRequest('ext', '*', 'mine'))).toEqual(['--repo=mine', '--assumeno', 'install', 'ext']);
  expect(call(formatRequest('ext', '1.0', 'mine'))).toEqual(['--repo=mine', '--assumeno', 'install', 'ext-1.0']);
});

test("a semantic version is asked for in RPM's form", () => {
  expect(['1.0.0', '1.0.0-rc.1+build.2', '1.0.0~rc.1'].map(rpmVersion)).toEqual([
    '1.0.0',
    '1.0.0~rc.1^build.2',
    '1.0.0~rc.1',
  ]);
});
