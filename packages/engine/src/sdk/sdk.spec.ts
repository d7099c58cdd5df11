import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { planBubblewrap } from './bubblewrap';
import { scriptEnvironment } from './environment';
import { ByteTail, LineSplitter, Tail } from './lines';
import { hostNetwork } from './network';
import { placeRoot } from './placement';
import type { RootEntry } from './placement';
import { prefixEntries } from './prefix';
import { shellQuote } from './quote';
import { rerunCommand, writeRerun } from './rerun';
import { terminalFilter } from './terminal';
import type { SdkCommand } from './types';

type Tree = { [name: string]: Tree | string };

/** Lists a tree given as an object; a string is where a link points to, `''` is a file. */
const lister =
  (tree: Tree) =>
  (path: string): RootEntry[] => {
    const parts = path
      .split('/')
      .slice(2)
      .filter((part) => part !== '');
    const found = parts.reduce<Tree | string>((at, part) => (at as Tree)[part] ?? '', tree) as Tree;
    return Object.entries(found).map(([name, child]): RootEntry => {
      if (typeof child === 'object') return { name, kind: 'directory' };
      return child === '' ? { name, kind: 'file' } : { name, kind: 'link', to: child };
    });
  };
const tree: Tree = { bin: 'usr/bin', etc: { ssl: { certs: {} }, passwd: '' }, opt: {}, tmp: {}, usr: { bin: {} } };
const bound = ['--symlink', 'usr/bin', '/bin'];
const bind = (path: string): string[] => ['--ro-bind', `/r${path}`, path];

test.each<[string, string[], string[]]>([
  ['nothing more', [], [...bound, ...bind('/etc'), ...bind('/opt'), ...bind('/usr')]],
  ['a mount on what is there', ['/etc/passwd'], [...bound, ...bind('/etc'), ...bind('/opt'), ...bind('/usr')]],
  ['a mount below an empty directory', ['/opt/src'], [...bound, ...bind('/etc'), '--dir', '/opt', ...bind('/usr')]],
  ['a mount in the place of a directory', ['/opt'], [...bound, ...bind('/etc'), ...bind('/usr')]],
  ['a new directory at the top', ['/build/x'], [...bound, ...bind('/etc'), ...bind('/opt'), ...bind('/usr')]],
  [
    'a mount on what is missing deep below',
    ['/etc/ssl/certs/ca.crt', '/etc/hosts'],
    [
      ...bound,
      ...['--dir', '/etc', '--dir', '/etc/ssl', '--dir', '/etc/ssl/certs', ...bind('/etc/passwd')],
      ...bind('/opt'),
      ...bind('/usr'),
    ],
  ],
])('the root is shown for %s', (_name, targets, expected) => {
  expect(placeRoot('/r', targets, lister(tree))).toEqual(expected);
});

describe('the arguments of bwrap', () => {
  const command: SdkCommand = { root: { digest: 'd', path: '/r' }, argv: ['make', '-j2'], label: 'a test' };
  const list = lister({ usr: {} });
  const network = { mounts: [{ source: '/h/resolv.conf', target: '/etc/resolv.conf' }], env: { https_proxy: 'p' } };
  const args = (given: Partial<SdkCommand>, terminal = false): string =>
    planBubblewrap({ ...command, ...given }, { terminal, network, list }).args.join(' ');

  test('by default share nothing', () => {
    expect(args({})).toBe(
      '--unshare-all --unshare-user --die-with-parent --new-session --hostname avocado-sdk --uid 0 --gid 0 ' +
        '--cap-drop ALL --cap-add CAP_CHOWN --cap-add CAP_DAC_OVERRIDE --cap-add CAP_FOWNER --cap-add CAP_FSETID ' +
        '--ro-bind /r/usr /usr --proc /proc --dev /dev --perms 1777 --tmpfs /tmp --perms 0755 --tmpfs /run ' +
        '--perms 0700 --tmpfs /root --chdir / -- make -j2',
    );
  });
  test.each<[string, Partial<SdkCommand>, boolean, string]>([
    ['devices', { devices: ['/dev/kvm'] }, false, '--dev /dev --dev-bind /dev/kvm /dev/kvm --perms'],
    ['the directory', { cwd: '/opt/src' }, false, '--chdir /opt/src -- make'],
    ['the network', { network: true }, false, '--unshare-user --share-net --die-with-parent'],
    ['what the network needs', { network: true }, false, '--ro-bind /h/resolv.conf /etc/resolv.conf --chdir'],
    ['the terminal', {}, true, '--die-with-parent --hostname'],
    [
      'mounts, the outer ones first',
      {
        mounts: [
          { source: '/h/b', target: '/a/b', writable: true },
          { source: '/h/a', target: '/a' },
        ],
      },
      false,
      '--ro-bind /h/a /a --bind /h/b /a/b --chdir',
    ],
  ])('hold %s', (_name, given, terminal, part) => {
    expect(args(given, terminal)).toContain(part);
  });
  test('keep the environment out', () => {
    const plan = planBubblewrap({ ...command, network: true, env: { A: "it's" } }, { network, list });
    expect(plan.env).toMatchObject({ A: "it's", LC_ALL: 'C.UTF-8', TZ: 'UTC', https_proxy: 'p' });
    expect(plan.args.join(' ')).not.toContain("it's");
  });
});

describe('a failed command is run again', () => {
  const directory = mkdtempSync(join(tmpdir(), 'nx-avocado-rerun-'));
  const log = join(directory, 'a.log');
  afterAll(() => rmSync(directory, { recursive: true }));
  const env = { A: "it's\n$HOME", https_proxy: 'http://user:password@proxy' };
  const command = rerunCommand(env, ['/bin/sh', '-c', 'echo "$A" $1; umask; exit 3', '--', '--x y']);

  test('by a short line and a script for its owner alone, without the password of a proxy', () => {
    writeFileSync(join(directory, 'a.sh'), 'an earlier one');
    expect(writeRerun(log, command)).toBe(`sh ${directory}/a.sh`);
    expect(statSync(join(directory, 'a.sh')).mode & 0o777).toBe(0o700);
    const text = readFileSync(join(directory, 'a.sh'), 'utf8');
    expect(text).not.toContain('password');
    expect(text).toContain('https_proxy="$https_proxy"');
    expect(spawnSync('sh', [join(directory, 'a.sh')], { encoding: 'utf8' })).toMatchObject({
      status: 3,
      stdout: "it's\n$HOME --x y\n0022\n",
    });
  });
  test('by the command itself where no script can be written', () => {
    expect(writeRerun(join(directory, 'gone/a.log'), command)).toBe(command);
  });
});

test('of the host a command with network gets names, certificates and proxies', () => {
  const found = (path: string): boolean => ['/etc/hosts', '/own.pem'].includes(path);
  expect(hostNetwork({ SSL_CERT_FILE: '/own.pem', HTTPS_PROXY: 'p', SECRET: 's' }, found as never)).toEqual({
    mounts: [
      { source: '/etc/hosts', target: '/etc/hosts' },
      { source: '/own.pem', target: '/etc/ssl/certs/ca-certificates.crt' },
    ],
    env: expect.objectContaining({ HTTPS_PROXY: 'p', SSL_CERT_FILE: '/etc/ssl/certs/ca-certificates.crt' }),
  });
});

test.each([
  ['a\nb\r\nc', ['a', 'b', 'c']],
  ['10%\r20%\rdone\n', ['10%', '20%', 'done']],
  ['é'.repeat(3), ['ééé']],
  ['x'.repeat(70_000), ['x'.repeat(65_536), 'x'.repeat(70_000 - 65_536)]],
])('lines are cut from chunks of any size', (input, expected) => {
  const lines: string[] = [];
  const splitter = new LineSplitter((line) => lines.push(line));
  const bytes = Buffer.from(input);
  for (let at = 0; at < bytes.length; at += 7) splitter.write(bytes.subarray(at, at + 7));
  splitter.end();
  expect(lines).toEqual(expected);
});

test('tails keep the end', () => {
  const [tail, bytes] = [new Tail(2), new ByteTail(5)];
  for (const part of ['one', 'two', 'three']) {
    tail.add(part);
    bytes.add(Buffer.from(part));
  }
  expect([String(tail), String(bytes)]).toEqual(['two\nthree', 'three']);
});

test.each(['plain-1.0/x', '', "it's", '$HOME `id` "x" \\', 'a\nb'])('the shell reads %j as it was', (word) => {
  expect(execFileSync('/bin/sh', ['-c', `printf %s ${shellQuote(word)}`], { encoding: 'utf8' })).toBe(word);
});

describe('the filter for the terminal', () => {
  /** Runs the program as the kernel does: one accumulator, jumps forward. */
  const verdict = (filter: Buffer, fields: Record<number, number>): number => {
    for (let at = 0, value = 0; ; at += 8) {
      const [code, operand] = [filter.readUInt16LE(at), filter.readUInt32LE(at + 4)];
      if (code === 0x06) return operand;
      if (code === 0x20) value = fields[operand] ?? 0;
      else at += 8 * filter.readUInt8(at + ((code === 0x15 ? value === operand : value >= operand) ? 2 : 3));
    }
  };
  const [allow, deny] = [0x7fff0000, 0x00050001];
  test.each([
    ['x64', 0xc000003e, 16, 0x5412, deny],
    ['x64', 0xc000003e, 16, 0x541c, deny],
    ['x64', 0xc000003e, 16, 0x5413, allow],
    ['x64', 0xc000003e, 1, 0x5412, allow],
    ['x64', 0xc000003e, 0x40000010, 0x5412, deny],
    ['x64', 0x40000003, 54, 0, deny],
    ['arm64', 0xc00000b7, 29, 0x5412, deny],
    ['arm64', 0xc00000b7, 16, 0x5412, allow],
  ])('on %s, audit %d, call %d, argument %d gives %d', (architecture, audit, number, argument, expected) => {
    const filter = terminalFilter(architecture) ?? Buffer.alloc(0);
    expect(verdict(filter, { 0: number, 4: audit, 24: argument })).toBe(expected);
  });
});

describe('the environment of scripts', () => {
  const options = {
    machine: 'qemuarm64',
    buildArchitecture: 'amd64',
    targetArchitecture: 'arm64',
    triple: 'aarch64-unknown-linux-gnu',
    sysroot: true,
    section: 'app',
    extension: 'example',
    source_date_epoch: 7,
  } as const;
  test("is upstream's", () => {
    const sdk = '/opt/_avocado/qemuarm64/sdk/x86_64';
    const sysroot = '/opt/_avocado/qemuarm64/sdk/target-sysroot';
    expect(scriptEnvironment(options)).toMatchObject({
      SOURCE_DATE_EPOCH: '7',
      AVOCADO_TARGET: 'qemuarm64',
      AVOCADO_SRC_DIR: '/opt/src',
      AVOCADO_SDK_PREFIX: sdk,
      AVOCADO_SDK_ARCH: 'x86_64',
      AVOCADO_BUILD_DIR: `${sdk}/build/app`,
      AVOCADO_BUILD_EXT_SYSROOT: '/opt/_avocado/qemuarm64/extensions/example',
      OECORE_TARGET_ARCH: 'aarch64',
      OECORE_TARGET_OS: 'linux',
      ARCH: 'arm64',
      CROSS_COMPILE: 'aarch64-linux-gnu-',
      CC: `aarch64-linux-gnu-gcc --sysroot=${sysroot}`,
      SDKTARGETSYSROOT: sysroot,
      RUST_TARGET_PATH: `${sdk}/usr/lib/rustlib`,
      CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER: 'aarch64-linux-gnu-gcc',
      CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUSTFLAGS: `--sysroot=${sysroot}/usr -C link-arg=--sysroot=${sysroot}`,
    });
  });
  test('without a sysroot names no compiler, without a standard library no Rust', () => {
    const { triple: _triple, ...noRust } = options;
    expect(Object.keys(scriptEnvironment(noRust)).filter((name) => /RUST|CARGO_TARGET/.test(name))).toEqual([]);
    expect(scriptEnvironment({ ...noRust, sysroot: false })).not.toHaveProperty('CC');
    expect(prefixEntries(noRust).map(({ path }) => path)).not.toContain('usr/lib/rustlib');
  });
  test('is in environment-setup too, and the SDK holds exactly one target specification', () => {
    const entries = prefixEntries(options);
    const setup = entries.find(({ path }) => path === 'environment-setup');
    expect(setup && 'content' in setup ? setup.content : '').toContain(
      "export CC='aarch64-linux-gnu-gcc --sysroot=/opt/_avocado/qemuarm64/sdk/target-sysroot'\n",
    );
    expect(entries.map(({ path }) => path).filter((path) => path.includes('rustlib'))).toEqual([
      'usr/lib/rustlib/aarch64-unknown-linux-gnu.json',
    ]);
  });
});
