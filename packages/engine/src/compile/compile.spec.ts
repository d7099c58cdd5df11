import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { globSync } from 'tinyglobby';
import { buildVariables, crateGlobs, fetchVariables } from '../rust';
import { cargoEnvironment } from './cargo-environment';
import { openCargoHome } from './cargo-home';
import { crateFiles } from './crate-files';
import { compileFiles, declaredOfCrate } from './declared';
import { setupTriple } from './open-sdk';
import { checkName } from './output';
import { listSources } from './sources';
import { undeclaredFiles } from './undeclared';
import { updateCopy } from './working-copy';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'compile-unit-'));
  process.env['NX_AVOCADO_STORE'] = join(directory, 'store');
});
afterEach(() => {
  delete process.env['NX_AVOCADO_STORE'];
  rmSync(directory, { recursive: true, force: true });
});

function write(files: Record<string, string>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), content);
  }
}

describe('the sources of a tree', () => {
  test('leave out what version control ignores and what tools made', () => {
    write({
      '.gitignore': '*.log\n/project/made/\n',
      'project/.gitignore': 'local\n!keep.log\n',
      'project/a.log': '',
      'project/keep.log': '',
      'project/made/x': '',
      'project/local/x': '',
      'project/node_modules/x': '',
      'project/.avocado/x': '',
      'project/crate/target/CACHEDIR.TAG': '',
      'project/crate/src/main.rs': '',
      'project/overlay/etc/x': '',
      'project/run.sh': '',
    });
    chmodSync(join(directory, 'project/run.sh'), 0o755);
    symlinkSync('/etc/passwd', join(directory, 'project/link'));
    expect(listSources(directory, 'project', ['project/overlay'])).toEqual([
      expect.objectContaining({ path: 'project/.gitignore', executable: false }),
      expect.objectContaining({ path: 'project/crate/src/main.rs' }),
      expect.objectContaining({ path: 'project/keep.log' }),
      expect.objectContaining({ path: 'project/link', link: '/etc/passwd' }),
      expect.objectContaining({ path: 'project/run.sh', executable: true }),
    ]);
  });
});

describe('a working copy', () => {
  const [copy, index] = ['copy', 'copy.json'];
  const update = (): Promise<void> =>
    updateCopy(listSources(join(directory, 'tree'), ''), join(directory, copy), join(directory, index));
  const read = (path: string): string => readFileSync(join(directory, copy, path), 'utf8');
  const time = (path: string): number => lstatSync(join(directory, copy, path)).mtimeMs;

  test('writes only what changed, and keeps what others made in it', async () => {
    write({ 'tree/a/one': '1', 'tree/two': '2' });
    await update();
    const before = [time('a/one'), time('two')];
    write({ 'tree/a/one': '1', 'tree/two': 'new', 'copy/made': 'by a script' });
    await update();
    expect([read('a/one'), read('two'), read('made')]).toEqual(['1', 'new', 'by a script']);
    expect(time('a/one')).toBe(before[0]);
    expect(time('two')).toBeGreaterThan(before[1] ?? 0);
  });
  test('follows removals, and files that became directories and back', async () => {
    write({ 'tree/a': 'file', 'tree/b/deep/c': 'c' });
    await update();
    rmSync(join(directory, 'tree'), { recursive: true });
    write({ 'tree/a/inner': 'inner', 'tree/b': 'file' });
    await update();
    expect([read('a/inner'), read('b')]).toEqual(['inner', 'file']);
    rmSync(join(directory, 'tree/a'), { recursive: true });
    await update();
    expect(readdirSync(join(directory, copy))).toEqual(['b']);
  });
  test('never writes through a link that a script put in the place of a directory', async () => {
    write({ 'tree/a/one': '1', 'outside/one': 'precious' });
    await update();
    rmSync(join(directory, copy, 'a'), { recursive: true });
    symlinkSync(join(directory, 'outside'), join(directory, copy, 'a'));
    await update();
    expect([read('a/one'), readFileSync(join(directory, 'outside/one'), 'utf8')]).toEqual(['1', 'precious']);
    rmSync(join(directory, copy, 'a'), { recursive: true });
    symlinkSync(join(directory, 'outside'), join(directory, copy, 'a'));
    rmSync(join(directory, 'tree/a'), { recursive: true });
    await update();
    expect(readFileSync(join(directory, 'outside/one'), 'utf8')).toBe('precious');
  });
  test('starts over when its index is damaged', async () => {
    write({ 'tree/a': '1' });
    await update();
    write({ [index]: '{"a"', 'copy/stale': '' });
    await update();
    expect(readdirSync(join(directory, copy))).toEqual(['a']);
  });
});

describe("cargo's environment", () => {
  const options = {
    machine: 'm',
    buildArchitecture: 'amd64',
    targetArchitecture: 'arm64',
    triple: 'aarch64-unknown-linux-gnu',
    sysroot: true,
    source_date_epoch: 0,
    sysrootPath: '/s',
    cargoHome: '/c',
    targetDirectory: '/t',
    sysrootConfigured: false,
    registries: [],
  } as const;
  const flags = 'CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUSTFLAGS';
  test('names the target wherever it means the target', () => {
    const env = cargoEnvironment(options);
    for (const name of ['CC', 'CFLAGS', 'LDFLAGS', 'PKG_CONFIG_PATH', 'CMAKE_TOOLCHAIN_FILE']) {
      expect(env).not.toHaveProperty(name);
    }
    expect(env).toMatchObject({
      CC_aarch64_unknown_linux_gnu: expect.stringMatching(/^aarch64-linux-gnu-gcc /),
      CARGO_HOME: '/c',
      CARGO_TARGET_DIR: '/t',
      [flags]: '--sysroot=/s/usr -C link-arg=--sysroot=/s',
    });
  });
  test('gives the sysroot once, and every registry the same name', () => {
    expect(cargoEnvironment({ ...options, sysrootConfigured: true, registries: ['mirror-1'] })[flags]).toBe(
      '-C link-arg=--sysroot=/s --remap-path-prefix=/c/registry/src/mirror-1=/c/registry/src/registry',
    );
  });
});

test("the user's cargo configuration is honoured for fetching, without secrets for building", async () => {
  write({
    'user/config.toml': '[build]\nrustc-wrapper = "x"\n[registries.m]\nindex = "i"\ntoken = "t"\n',
    'user/credentials.toml': 'secret',
  });
  const scratch = join(directory, 'scratch');
  const home = await openCargoHome('/c', scratch, { CARGO_HOME: join(directory, 'user') });
  const content = (mounts: { source: string; target: string }[]): string =>
    readFileSync(mounts.find(({ target }) => target === '/c/config.toml')?.source ?? '', 'utf8');
  expect(content(home.fetch)).toContain('token = "t"');
  expect(content(home.build)).not.toContain('token');
  expect(content(home.fetch)).not.toContain('wrapper');
  expect(home.fetch.map(({ target }) => target)).toContain('/c/credentials.toml');
  expect(home.build.map(({ target }) => target)).not.toContain('/c/credentials.toml');
  expect(home.build.every((mount) => !mount.writable)).toBe(true);
});

test.each(['../x', 'a/b', '', '.hidden', 'a\nb'])('%j is no name for a file', (name) => {
  expect(() => checkName('package', name)).toThrow(expect.objectContaining({ code: 'COMPILE_NAME_INVALID' }));
});

test("the one target of RUST_TARGET_PATH is found beside the SDK's own; an SDK without one has none", () => {
  const mounts = [{ source: join(directory, 'sdk'), target: '/opt/sdk' }];
  const setup = { RUST_TARGET_PATH: '/opt/sdk/usr/lib/x86_64-avocadosdk-linux/rustlib', OECORE_TARGET_ARCH: 'x86_64' };
  const rustlib = 'sdk/usr/lib/x86_64-avocadosdk-linux/rustlib';
  expect(setupTriple({ mounts }, setup)).toBeUndefined();
  write({ [`${rustlib}/x86_64-avocadosdk-linux-gnu.json`]: '{}', [`${rustlib}/etc/gdb.py`]: '' });
  expect(setupTriple({ mounts }, setup)).toBeUndefined();
  write({ [`${rustlib}/x86_64-avocado-linux-gnu.json`]: '{}' });
  expect(setupTriple({ mounts }, setup)).toBe('x86_64-avocado-linux-gnu');
  expect(setupTriple({ mounts }, {})).toBeUndefined();
});

test('what cargo-cross shows a build is what its globs give Nx to hash, and no more', () => {
  write({
    'Cargo.toml': '[workspace]\nmembers = ["app", "libs/*"]\n',
    'Cargo.lock': 'version = 4\n',
    '.cargo/config.toml': '[build]\n',
    'app/Cargo.toml':
      '[package]\nname = "app"\nversion = "0.1.0"\n[dependencies]\nused = { path = "../libs/used" }\n[package.metadata.avocado]\nextension = "e"\ninputs = ["../shared", "../one.txt"]\n',
    'app/build.rs': 'fn main() {}',
    'app/.cargo/config.toml': '',
    'app/src/main.rs': 'fn main() { include_str!("../text/a.txt"); }',
    'app/text/a.txt': '',
    'libs/used/Cargo.toml': '[package]\nname = "used"\nversion = "0.1.0"\n',
    'libs/used/src/lib.rs': '',
    'libs/other/Cargo.toml': '[package]\nname = "other"\nversion = "0.1.0"\n',
    'libs/other/src/lib.rs': '',
    'shared/b.txt': '',
    'one.txt': '',
    'two.txt': '',
  });
  const options = { crate: 'app' } as Parameters<typeof compileFiles>[0];
  const inputs = declaredOfCrate({ crate: 'app' }, directory);
  const globs = crateGlobs(inputs, directory);
  const hashed = globSync(globs, { cwd: directory, dot: true }).sort();
  expect(compileFiles(options, directory).map(({ path }) => path)).toEqual(hashed);
  expect(hashed).toEqual([
    '.cargo/config.toml',
    'Cargo.lock',
    'Cargo.toml',
    'app/.cargo/config.toml',
    'app/Cargo.toml',
    'app/build.rs',
    'app/src/main.rs',
    'app/text/a.txt',
    'libs/other/Cargo.toml',
    'libs/used/Cargo.toml',
    'libs/used/src/lib.rs',
    'one.txt',
    'shared/b.txt',
  ]);
  // Beside them only stand-ins, which are the same for everybody.
  const seen = crateFiles(inputs, directory);
  expect(seen.flatMap(({ path, source }) => (source === undefined ? [path] : []))).toEqual(['libs/other/src/lib.rs']);
});

describe('files that a failed command was not shown', () => {
  const places = { layoutRoot: 'project', source: '/opt/src', files: ['app/src/main.rs', 'app/build.rs', 'run.sh'] };
  const find = (log: string): string[] => {
    write({
      'shared/x.txt': '',
      'project/local.txt': '',
      'project/app/src/main.rs': '',
      'project/app/build.rs': 'fn main() {\n  std::fs::read("../../shared/x.txt").unwrap();\n}\n',
    });
    return undeclaredFiles(log, { ...places, workspaceRoot: directory, directories: ['.', 'app'] });
  };

  test.each([
    ['rustc', "error: couldn't read `app/src/../../../shared/x.txt`: No such file or directory (os error 2)"],
    ['a shell', 'cat: ../shared/x.txt: No such file or directory'],
    ['a script', 'run.sh: line 3: /opt/src/../shared/x.txt: No such file or directory'],
    ['cp', "cp: cannot stat '../shared/x.txt': No such file or directory"],
    ['python', "FileNotFoundError: [Errno 2] No such file or directory: '../shared/x.txt'"],
    ['node', "Error: ENOENT: no such file or directory, open '../shared/x.txt'"],
    ['make', "make: *** No rule to make target '../shared/x.txt', needed by 'all'.  Stop."],
    ['gcc', 'app/src/a.c:1:10: fatal error: ../../../shared/x.txt: No such file or directory'],
    [
      'a build script',
      "thread 'main' panicked at app/build.rs:2:43:\ncalled `Result::unwrap()`: Os { kind: NotFound }",
    ],
  ])('%s', (_who, log) => {
    expect(find(log)).toEqual(['shared/x.txt']);
  });

  test('not what is nowhere, what was shown, and what nobody looked for', () => {
    expect(find('cat: ../shared/y.txt: No such file or directory')).toEqual([]);
    expect(find('cat: app/src/main.rs: No such file or directory')).toEqual([]);
    expect(find('cat: /etc/hostname: No such file or directory')).toEqual([]);
    expect(find('wrote ../shared/x.txt')).toEqual([]);
    expect(find('cat: ../../../../etc/hostname: No such file or directory')).toEqual([]);
    expect(find('cat: local.txt: No such file or directory')).toEqual(['project/local.txt']);
  });
});

test("cargo's own variables reach fetching, those with the address of a registry building", () => {
  const env = {
    CARGO_HTTP_PROXY: 'p',
    CARGO_NET_RETRY: '1',
    CARGO_REGISTRIES_MINE_INDEX: 'i',
    CARGO_REGISTRIES_MINE_TOKEN: 't',
    CARGO_HTTP_CAINFO: '/host/file',
    CARGO_REGISTRY_GLOBAL_CREDENTIAL_PROVIDERS: '/host/program',
    CARGO_BUILD_TARGET: 'x',
  };
  expect(Object.keys(fetchVariables(env))).toEqual([
    'CARGO_HTTP_PROXY',
    'CARGO_NET_RETRY',
    'CARGO_REGISTRIES_MINE_INDEX',
    'CARGO_REGISTRIES_MINE_TOKEN',
  ]);
  expect(buildVariables(env)).toEqual({ CARGO_REGISTRIES_MINE_INDEX: 'i' });
});
