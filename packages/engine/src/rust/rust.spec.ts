import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import {
  binaryNames,
  buildArguments,
  buildConfig,
  crateGlobs,
  crateInputs,
  fetchConfig,
  findAvocadoCrates,
  hasExternalPackages,
  parseToml,
  profileDirectory,
  readCrate,
  setsSysroot,
  targetTriple,
  tripleVariable,
} from '.';

let workspace: string;
beforeEach(() => (workspace = mkdtempSync(join(tmpdir(), 'rust-'))));
afterEach(() => rmSync(workspace, { recursive: true, force: true }));

function write(files: Record<string, string>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(workspace, path)), { recursive: true });
    writeFileSync(join(workspace, path), content);
  }
}
const named = (name: string, rest = ''): string => `[package]\nname = "${name}"\nversion = "0.1.0"\n${rest}`;

describe('the target triple', () => {
  test.each([
    [['x86_64-avocado-linux-gnu.json', 'x86_64-avocadosdk-linux-gnu.json'], 'x86_64', 'x86_64-avocado-linux-gnu'],
    [['x86_64-avocadosdk-linux-gnu.json', 'aarch64-avocado-linux-gnu.json'], 'aarch64', 'aarch64-avocado-linux-gnu'],
    [['aarch64-avocadosdk-linux-gnu.json', 'aarch64-avocado-linux-gnu.json'], 'aarch64', 'aarch64-avocado-linux-gnu'],
    [['x86_64-unknown-linux-gnu', 'aarch64-unknown-linux-gnu', 'etc'], 'aarch64', 'aarch64-unknown-linux-gnu'],
  ])('of %j for %s is %s', (names, architecture, triple) => {
    expect(targetTriple(names, architecture)).toBe(triple);
  });
  test('must be there, and only one', () => {
    for (const names of [['etc'], ['x86_64-avocadosdk-linux-gnu.json']]) {
      expect(() => targetTriple(names, 'x86_64')).toThrow(expect.objectContaining({ code: 'RUST_TARGET_MISSING' }));
    }
    expect(() => targetTriple(['arm-a', 'arm-b'], 'arm')).toThrow(
      expect.objectContaining({ code: 'RUST_TARGET_AMBIGUOUS' }),
    );
  });
  test('names a variable', () => {
    expect(tripleVariable('thumbv8m.main-none-eabi', 'LINKER')).toBe('CARGO_TARGET_THUMBV8M_MAIN_NONE_EABI_LINKER');
  });
});

test.each([
  ['release', [], ['--release', '--locked', '--offline', '--target', 't', '--manifest-path', 'm']],
  [
    'dev',
    ['b', 'a'],
    ['--profile', 'dev', '--locked', '--offline', '--target', 't', '--manifest-path', 'm', '--features', 'a,b'],
  ],
])('cargo build for profile %s with features %j', (profile, features, rest) => {
  expect(buildArguments({ manifest: 'm', triple: 't', profile, features })).toEqual(['cargo', 'build', ...rest]);
});

test.each([
  ['release', 'release'],
  ['dev', 'debug'],
  ['small', 'small'],
])('profile %s is built in %s', (profile, directory) => {
  expect(profileDirectory(profile)).toBe(directory);
});

describe('[package.metadata.avocado]', () => {
  const metadata = (body: string) => {
    write({ 'a/Cargo.toml': named('a', `[package.metadata.avocado]\n${body}\n`) });
    return readCrate(join(workspace, 'a')).metadata;
  };
  test('has defaults', () => {
    expect(metadata('extension = "x"')).toEqual({ extension: 'x', profile: 'release', features: [], inputs: [] });
  });
  test('maps binaries to places', () => {
    expect(metadata('extension = "x"\nbins = { a = "/usr/sbin/b" }')?.bins).toEqual({ a: 'usr/sbin/b' });
  });
  test.each([
    ['package = "p"', 4],
    ['extension = "x"\npakage = "p"', 6],
    ['extension = "x"\nfeatures = "f"', 6],
    ['extension = "x"\nbins = { a = "../b" }', 6],
  ])('%j is an error at its line', (body, line) => {
    expect(() => metadata(body)).toThrow(
      expect.objectContaining({
        code: 'CRATE_METADATA_INVALID',
        position: { file: join(workspace, 'a/Cargo.toml'), line: line === 4 ? 4 : 6 },
      }),
    );
  });
  test('finds the crates that have it', () => {
    write({
      'a/Cargo.toml': named('a', '[package.metadata.avocado]\nextension = "x"\n'),
      'b/Cargo.toml': named('b'),
      'avocado/Cargo.toml': named('avocado'),
    });
    const files = ['avocado', 'b', 'a'].map((name) => join(workspace, name, 'Cargo.toml'));
    expect(findAvocadoCrates(files).map((crate) => crate.name)).toEqual(['a']);
  });
});

test('a syntax error has its position', () => {
  expect(() => parseToml('a = 1\nb = = 2\n', 'Cargo.toml')).toThrow(
    expect.objectContaining({ code: 'TOML_SYNTAX', position: { file: 'Cargo.toml', line: 2, column: 5 } }),
  );
});

test('binaries are the declared and the discovered ones', () => {
  write({
    'Cargo.toml': named(
      'tool',
      '[[bin]]\nname = "main"\npath = "src/main.rs"\n[[bin]]\nname = "gated"\nrequired-features = ["f"]\n[features]\ng = ["f"]\nf = []\n',
    ),
    'src/main.rs': '',
    'src/bin/one.rs': '',
    'src/bin/gated.rs': '',
    'src/bin/two/main.rs': '',
    'src/bin/three/lib.rs': '',
  });
  expect(binaryNames(readCrate(workspace))).toEqual(['main', 'one', 'two']);
  expect(binaryNames(readCrate(workspace), ['g'])).toEqual(['gated', 'main', 'one', 'two']);
});

describe('the inputs of a crate', () => {
  test('that stands alone are its directory', () => {
    write({ 'project/app/Cargo.toml': named('app') });
    const inputs = crateInputs('project/app', workspace, 'project');
    expect(inputs).toMatchObject({
      sources: ['project/app'],
      manifests: [],
      cargoRoot: 'project/app',
      layoutRoot: 'project',
    });
    expect(crateGlobs(inputs, workspace)).toEqual([
      'project/app/**/*',
      'project/.cargo/config',
      'project/.cargo/config.toml',
      'project/app/.cargo/config',
      'project/app/.cargo/config.toml',
      'project/app/Cargo.lock',
    ]);
  });

  test('are its path dependencies, patches and declared inputs too', () => {
    write({
      'project/app/Cargo.toml': named(
        'app',
        [
          '[dependencies]\nshared = { path = "../../crates/shared" }',
          '[target.\'cfg(unix)\'.dependencies]\nunix = { path = "../unix" }',
          '[dev-dependencies]\nfixture = { path = "../fixture" }',
          '[patch.crates-io]\nserde = { path = "../patched" }',
          '[package.metadata.avocado]\nextension = "e"\ninputs = ["../proto"]\n',
        ].join('\n'),
      ),
      'project/unix/Cargo.toml': named('unix'),
      'project/fixture/Cargo.toml': named('fixture', '[dependencies]\ndeep = { path = "deep" }\n'),
      'project/fixture/deep/Cargo.toml': named('deep'),
      'project/patched/Cargo.toml': named('serde'),
      'crates/shared/Cargo.toml': named('shared', '[build-dependencies]\ngen = { path = "../gen" }\n'),
      'crates/gen/Cargo.toml': named('gen'),
    });
    expect(crateInputs('project/app', workspace, 'project')).toEqual({
      sources: ['crates/gen', 'crates/shared', 'project/app', 'project/patched', 'project/proto', 'project/unix'],
      manifests: ['project/fixture', 'project/fixture/deep'],
      configs: [
        '.cargo/config',
        '.cargo/config.toml',
        ...['project', 'project/app'].flatMap((path) => [`${path}/.cargo/config`, `${path}/.cargo/config.toml`]),
      ],
      cargoRoot: 'project/app',
      lock: 'project/app/Cargo.lock',
      layoutRoot: '',
    });
  });

  test('in a cargo workspace are the manifests of the other members, not their sources', () => {
    write({
      'Cargo.toml':
        '[workspace]\nmembers = ["crates/*", "tools/cli"]\nexclude = ["crates/old"]\n[workspace.dependencies]\nb = { path = "crates/b" }\n',
      'crates/a/Cargo.toml': named('a', '[dependencies]\nb = { workspace = true }\n'),
      'crates/b/Cargo.toml': named('b'),
      'crates/b/sub/Cargo.toml': named('sub'),
      'crates/c/Cargo.toml': named('c'),
      'crates/old/Cargo.toml': named('old'),
      'crates/notes/README.md': '',
      'tools/cli/Cargo.toml': named('cli', '[dependencies]\nhelp = { path = "../help" }\n'),
      'tools/help/Cargo.toml': named('help'),
    });
    expect(crateInputs('crates/a', workspace)).toMatchObject({
      sources: ['crates/a', 'crates/b'],
      manifests: ['', 'crates/c', 'tools/cli', 'tools/help'],
      lock: 'Cargo.lock',
    });
    expect(crateInputs('crates/old', workspace)).toMatchObject({ cargoRoot: 'crates/old', manifests: [] });
  });

  test('of a root package leave the members below it out', () => {
    write({
      'Cargo.toml': `${named('root')}[workspace]\nmembers = ["members/**"]\n`,
      'members/deep/one/Cargo.toml': named('one'),
    });
    const globs = crateGlobs(crateInputs('', workspace), workspace);
    expect(globs).toEqual(expect.arrayContaining(['**/*', 'members/deep/one/Cargo.toml', '!members/deep/one/*/**']));
  });

  test('cannot lie outside the workspace', () => {
    write({ 'Cargo.toml': named('a', '[dependencies]\nb = { path = "../b" }\n') });
    expect(() => crateInputs('', workspace)).toThrow(expect.objectContaining({ code: 'CRATE_OUTSIDE_WORKSPACE' }));
  });
});

test("of the user's configuration only the way to the registry counts, and a build sees no secrets", () => {
  const config = parseToml(
    '[build]\nrustc-wrapper = "x"\n[source.crates-io]\nreplace-with = "m"\n[registries.m]\nindex = "i"\ntoken = "t"\n[http]\ncainfo = "/c"\nproxy = "p"\n',
    'config.toml',
  );
  expect(fetchConfig(config)).toEqual({
    source: { 'crates-io': { 'replace-with': 'm' } },
    registries: { m: { index: 'i', token: 't' } },
    http: { proxy: 'p' },
  });
  expect(buildConfig(config)).toEqual({
    source: { 'crates-io': { 'replace-with': 'm' } },
    registries: { m: { index: 'i' } },
  });
});

test.each([
  ['rustflags = ["--sysroot=/a/usr"]', true],
  ['rustflags = "-C x --sysroot /a"', true],
  ['rustflags = ["-C", "link-arg=--sysroot=/a"]', false],
  ['linker = "cc"', false],
])('%s sets the sysroot: %s', (line, expected) => {
  expect(setsSysroot(parseToml(`[target.t]\n${line}\n`, 'config.toml'), 't')).toBe(expected);
});

test('Cargo.lock tells whether anything must be fetched', () => {
  const lock = (rest: string) =>
    parseToml(`version = 4\n[[package]]\nname = "a"\nversion = "0.1.0"\n${rest}`, 'Cargo.lock');
  expect(hasExternalPackages(lock(''))).toBe(false);
  expect(hasExternalPackages(lock('[[package]]\nname = "b"\nversion = "1.0.0"\nsource = "registry+x"\n'))).toBe(true);
});
