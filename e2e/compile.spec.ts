import { execFile } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { extract } from 'tar-stream';
import { cargoCross, sdkCompile } from '@nx-avocado/engine/compile';
import { loadConfigOrThrow } from '@nx-avocado/engine/config';
import type { AvocadoError } from '@nx-avocado/engine/error';
import { machine as machineOf, openRoot, rootRequests, rootSpec } from '@nx-avocado/engine/feed';
import type { RootSpec, SdkDescriptor } from '@nx-avocado/engine/feed';
import { emptyLock, lockSlice, resolveInto } from '@nx-avocado/engine/lock';
import { silentReporter } from '@nx-avocado/engine/report';
import { createSandboxRunner } from '@nx-avocado/engine/sdk';
import type { SdkCommand, SdkRoot, SdkRunner } from '@nx-avocado/engine/sdk';
import { sha256File, writeManifest } from '@nx-avocado/engine/store';
import type { CargoCrossOptions, SdkCompileOptions, TaskContext } from '@nx-avocado/engine/task';
import { lockWithItoa } from './support/crate';
import { crateRegistry } from './support/registry-of-crates';

jest.setTimeout(300_000);

const example = join(__dirname, '../examples/rust-vitals');
const roots = new Map<string, SdkRoot>();
const descriptors: Record<string, SdkDescriptor> = {};
let store: string;

/** The real toolchains, resolved and installed as `sdk-install` and its users do. */
beforeAll(async () => {
  for (const name of ['qemux86-64', 'qemuarm64']) {
    const target = machineOf(name);
    const project = { kind: 'extension', name: 'example-rust' } as const;
    const { config } = loadConfigOrThrow(join(example, 'avocado.yaml'), { machine: name });
    const { toolchain = [], sysroot = [] } = rootRequests(config, project);
    const want = { project, machine: name, requests: { toolchain, sysroot } };
    const lock = await resolveInto(emptyLock(), [want], { reporter: silentReporter });
    const pins = lockSlice(lock, project, target)?.roots;
    const specs: SdkDescriptor['roots'] = {
      toolchain: rootSpec('toolchain', target, pins?.toolchain ?? []),
      sysroot: rootSpec('sysroot', target, pins?.sysroot ?? []),
    };
    for (const spec of Object.values(specs)) roots.set(spec.digest, await openRoot(spec, { reporter: silentReporter }));
    descriptors[name] = { version: 1, feed: 'debian', machine: name, roots: specs, omitted: {} };
  }
  // From here on, a store of the tests' own: the roots are open already.
  store = mkdtempSync(join(tmpdir(), 'compile-store-'));
  process.env['NX_AVOCADO_STORE'] = store;
});
afterAll(() => {
  delete process.env['NX_AVOCADO_STORE'];
  if (store) rmSync(store, { recursive: true, force: true });
});

let workspaces: string[] = [];
afterEach(() => {
  for (const workspace of workspaces) rmSync(workspace, { recursive: true, force: true });
  workspaces = [];
});

/** A workspace with a copy of the example at `project`, and the SDK descriptors of both machine targets. */
async function workspace(files: Record<string, string> = {}): Promise<string> {
  const root = mkdtempSync(join(tmpdir(), 'compile-'));
  workspaces.push(root);
  cpSync(example, join(root, 'project'), { recursive: true });
  write(root, files);
  for (const [name, descriptor] of Object.entries(descriptors)) {
    write(root, { [`sdk/${name}/sdk.json`]: JSON.stringify(descriptor) });
    await writeManifest(join(root, 'sdk', name), ['sdk.json']);
  }
  return root;
}

function write(root: string, files: Record<string, string>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
}

interface Recorded {
  context: TaskContext;
  lines: string[];
  notices: string[];
  commands: SdkCommand[];
  abort: AbortController;
}

function recorded(workspaceRoot: string): Recorded {
  const [lines, notices, commands]: [string[], string[], SdkCommand[]] = [[], [], []];
  const abort = new AbortController();
  const sandbox = createSandboxRunner();
  const runner: SdkRunner = {
    ...sandbox,
    run: (command, ...rest) => {
      commands.push(command);
      return sandbox.run(command, ...rest);
    },
  };
  const reporter = {
    ...silentReporter,
    output: (line: string) => lines.push(line),
    notice: (message: string) => notices.push(message),
  };
  const open = async (spec: RootSpec): Promise<SdkRoot> =>
    roots.get(spec.digest) ?? Promise.reject(new Error('a root that no test asked for'));
  return {
    context: { workspaceRoot, reporter, signal: abort.signal, runner, openRoot: open },
    lines,
    notices,
    commands,
    abort,
  };
}

const crateOptions = (given: Partial<CargoCrossOptions> = {}): CargoCrossOptions => ({
  machine: 'qemux86-64',
  outputPath: `project/.avocado/app/${given.machine ?? 'qemux86-64'}/compile`,
  sdk: { task: 'app:sdk-install', path: `sdk/${given.machine ?? 'qemux86-64'}` },
  package: 'app',
  extension: 'example-rust',
  source_date_epoch: 0,
  crate: 'project/ref-rust',
  sourceRoot: 'project',
  profile: 'release',
  features: [],
  env: {},
  ...given,
});
const scriptOptions = (given: Partial<SdkCompileOptions> = {}): SdkCompileOptions => {
  const { crate: _crate, profile: _profile, features: _features, env: _env, ...common } = crateOptions();
  return {
    ...common,
    sourceRoot: 'project',
    outputPath: 'project/.avocado/app/qemux86-64/scripts',
    exclude: ['overlay'],
    section: 'example-rust-app',
    compile: 'rust-compile.sh',
    install: 'rust-install.sh',
    ...given,
  };
};

const failure = (promise: Promise<unknown>): Promise<AvocadoError> =>
  promise.then(
    () => Promise.reject(new Error('it succeeded')),
    (error: AvocadoError) => error,
  );

const archive = (root: string, options: { outputPath: string; package: string }): string =>
  join(root, options.outputPath, `${options.package}.tar`);

interface Entry {
  mode: number;
  type: string;
  link?: string | undefined;
  content: string;
}

function entries(path: string): Promise<Record<string, Entry>> {
  const found: Record<string, Entry> = {};
  const tar = extract();
  tar.on('entry', ({ name, mode = 0, type, linkname, uid, gid, mtime }, stream, next) => {
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('end', () => {
      expect([uid, gid, mtime?.getTime()]).toEqual([0, 0, 0]);
      const content = Buffer.concat(chunks).toString('latin1');
      found[name.replace(/\/$/, '')] = { mode, type: type ?? '', link: linkname ?? undefined, content };
      next();
    });
  });
  return new Promise((resolve, reject) => {
    tar.on('finish', () => resolve(found));
    tar.on('error', reject);
    tar.end(readFileSync(path));
  });
}

/** Until `holds` is true, 60 s at most. */
async function eventually(holds: () => boolean): Promise<void> {
  for (const end = Date.now() + 60_000; !holds() && Date.now() < end;) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Every file below a directory with its content and time, to see that nothing was touched. */
function snapshot(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((path) => !path.includes('.avocado'))
    .map((path) => `${path} ${statSync(join(directory, path)).mtimeMs}`)
    .sort();
}

describe('cargo-cross', () => {
  test('and the scripts give the same archive, and neither writes to the source tree', async () => {
    const root = await workspace();
    const before = snapshot(join(root, 'project'));
    const cargo = recorded(root);
    await cargoCross(crateOptions(), cargo.context);
    const scripts = recorded(root);
    await sdkCompile(scriptOptions(), scripts.context);

    expect(await sha256File(archive(root, crateOptions()))).toBe(await sha256File(archive(root, scriptOptions())));
    expect(snapshot(join(root, 'project'))).toEqual(before);
    const files = await entries(archive(root, crateOptions()));
    expect(Object.keys(files)).toEqual(['usr', 'usr/bin', 'usr/bin/ref_rust']);
    expect(files['usr/bin/ref_rust']).toMatchObject({ mode: 0o755, type: 'file' });
    expect(files['usr/bin/ref_rust']?.content).not.toContain(root);
    expect(cargo.commands.map((command) => [command.argv[1], command.network ?? false])).toEqual([['build', false]]);
    expect(scripts.commands.map((command) => command.network)).toEqual([true, false]);
    expect(scripts.notices.join()).toContain('rust-compile.sh may use the network');

    const binary = join(root, 'ref_rust');
    writeFileSync(binary, Buffer.from(files['usr/bin/ref_rust']?.content ?? '', 'latin1'), { mode: 0o755 });
    const { stdout } = await promisify(execFile)('timeout', ['1', binary]).catch((ended: { stdout: string }) => ended);
    expect(Object.keys(JSON.parse(stdout) as object)).toEqual([
      'hostname',
      'uptime',
      'mem_total_kb',
      'mem_free_kb',
      'load_1m',
    ]);
  });

  test('gives the same bytes in another place, store, umask, locale and time zone', async () => {
    const [one, two] = [await workspace(), await workspace()];
    await cargoCross(crateOptions(), recorded(one).context);
    const kept = { umask: process.umask(0o077), TZ: process.env['TZ'], LC_ALL: process.env['LC_ALL'] };
    const other = mkdtempSync(join(tmpdir(), 'another-store-'));
    Object.assign(process.env, {
      TZ: 'Asia/Tokyo',
      LC_ALL: 'de_DE.UTF-8',
      RUSTFLAGS: '-C debuginfo=2',
      NX_AVOCADO_STORE: other,
    });
    try {
      await cargoCross(crateOptions(), recorded(two).context);
    } finally {
      process.umask(kept.umask);
      for (const name of ['TZ', 'LC_ALL'] as const) {
        if (kept[name] === undefined) delete process.env[name];
        else process.env[name] = kept[name];
      }
      delete process.env['RUSTFLAGS'];
      process.env['NX_AVOCADO_STORE'] = store;
      rmSync(other, { recursive: true, force: true });
    }
    expect(await sha256File(archive(two, crateOptions()))).toBe(await sha256File(archive(one, crateOptions())));
  });

  test('builds for arm64 as well, by both ways', async () => {
    const root = await workspace();
    const machine = 'qemuarm64';
    await cargoCross(crateOptions({ machine }), recorded(root).context);
    const options = scriptOptions({
      machine,
      sdk: crateOptions({ machine }).sdk,
      outputPath: 'project/.avocado/app/qemuarm64/scripts',
    });
    await sdkCompile(options, recorded(root).context);
    const made = archive(root, crateOptions({ machine }));
    expect(await sha256File(made)).toBe(await sha256File(archive(root, options)));
    const binary = (await entries(made))['usr/bin/ref_rust']?.content ?? '';
    // ELF header: e_machine is EM_AARCH64.
    expect(Buffer.from(binary, 'latin1').readUInt16LE(18)).toBe(183);
  });

  test('builds again what changed, by content: a touch does not, older content does', async () => {
    const root = await workspace();
    const source = join(root, 'project/ref-rust/src/main.rs');
    const build = async (): Promise<boolean> => {
      const { context, lines } = recorded(root);
      await cargoCross(crateOptions(), context);
      return lines.some((line) => line.includes('Compiling'));
    };
    expect(await build()).toBe(true);
    const first = await sha256File(archive(root, crateOptions()));
    utimesSync(source, new Date(), new Date());
    expect(await build()).toBe(false);
    const original = readFileSync(source, 'utf8');
    writeFileSync(
      source,
      original.replace('mem_total_kb\\":{}', 'mem_total_kb\\":{}').replace('"uptime"', '"uptime_s"'),
    );
    utimesSync(source, new Date(0), new Date(0));
    expect(await build()).toBe(true);
    expect(await sha256File(archive(root, crateOptions()))).not.toBe(first);
    writeFileSync(source, `// A comment.\n${original}`);
    expect(await build()).toBe(true);
    expect(await sha256File(archive(root, crateOptions()))).toBe(first);
  });

  test('fetches what Cargo.lock names in a step of its own, and shows a compile error once', async () => {
    const root = await workspace({
      'project/ref-rust/Cargo.toml':
        '[package]\nname = "ref_rust"\nversion = "0.1.0"\nedition = "2021"\n[dependencies]\nitoa = "=1.0.15"\n',
      'project/ref-rust/Cargo.lock': lockWithItoa,
      'project/ref-rust/src/main.rs': 'fn main() { println!("{}", itoa::Buffer::new().format(42)); }\n',
    });
    const first = recorded(root);
    await cargoCross(crateOptions(), first.context);
    const cargo = first.commands.filter(({ argv }) => argv[0] === 'cargo');
    const ran = cargo.map(({ argv, network = false }) => [argv[1], network]);
    expect([ran[0], ran.at(-1)]).toEqual([
      ['fetch', false],
      ['build', false],
    ]);
    // With network only where the store has it not, from another run.
    expect(ran.slice(1, -1).every(([verb, network]) => verb === 'fetch' && network)).toBe(true);
    const made = await sha256File(archive(root, crateOptions()));

    write(root, { 'project/ref-rust/src/main.rs': 'fn main() { let x: u32 = "no"; }\n' });
    const second = recorded(root);
    const error = await failure(cargoCross(crateOptions(), second.context));
    expect(error.code).toBe('COMMAND_FAILED');
    expect(second.lines.filter((line) => line.includes('error[E0308]'))).toHaveLength(1);
    expect(second.commands.filter(({ network }) => network)).toEqual([]);
    expect(error.output).toBeUndefined();
    expect(readFileSync(error.log ?? '', 'utf8')).toContain('error[E0308]');
    expect(await sha256File(archive(root, crateOptions()))).toBe(made);
  });

  test('sees path dependencies, and nothing that is not declared', async () => {
    const root = await workspace({
      'Cargo.toml': '[workspace]\nmembers = ["project/ref-rust", "crates/*"]\nresolver = "2"\n',
      'Cargo.lock':
        'version = 4\n\n[[package]]\nname = "other"\nversion = "0.1.0"\n\n[[package]]\nname = "ref_rust"\nversion = "0.1.0"\ndependencies = [\n "shared",\n]\n\n[[package]]\nname = "shared"\nversion = "0.1.0"\n',
      'project/ref-rust/Cargo.toml':
        '[package]\nname = "ref_rust"\nversion = "0.1.0"\n[dependencies]\nshared = { path = "../../crates/shared" }\n',
      'project/ref-rust/src/main.rs': 'fn main() { println!("{}", shared::NAME); }\n',
      'crates/shared/Cargo.toml': '[package]\nname = "shared"\nversion = "0.1.0"\n',
      'crates/shared/src/lib.rs': 'pub const NAME: &str = "shared";\n',
      'crates/other/Cargo.toml': '[package]\nname = "other"\nversion = "0.1.0"\n[[bin]]\nname = "tool"\n',
      'crates/other/src/bin/tool.rs': 'this is not compiled',
      'crates/other/src/more.rs': '',
      'secret.txt': 'secret',
      '.gitignore': 'ignored.txt\n',
      'project/ref-rust/ignored.txt': 'x',
    });
    rmSync(join(root, 'project/ref-rust/Cargo.lock'));
    await cargoCross(crateOptions(), recorded(root).context);
    const add = 'Add to [package.metadata.avocado] of project/ref-rust/Cargo.toml: inputs =';
    for (const [path, name, hint] of [
      ['../../../secret.txt', 'secret.txt', `${add} ["../../secret.txt"]`],
      ['../ignored.txt', 'project/ref-rust/ignored.txt', 'Version control ignores project/ref-rust/ignored.txt'],
      ['../../../crates/other/src/more.rs', 'crates/other/src/more.rs', `${add} ["../../crates/other/src/more.rs"]`],
    ] as const) {
      write(root, { 'project/ref-rust/src/main.rs': `fn main() { println!("{}", include_str!("${path}")); }\n` });
      const { context, lines } = recorded(root);
      const error = await failure(cargoCross(crateOptions(), context));
      expect(lines.join('\n')).toContain(`couldn't read`);
      const message = `cargo build of app failed: cargo ended with code 101; ${name} is no declared input`;
      expect(error).toMatchObject({ code: 'INPUT_UNDECLARED', message, hint: expect.stringContaining(hint) });
    }
    write(root, {
      'project/ref-rust/src/main.rs': 'fn main() {}\n',
      'project/ref-rust/build.rs':
        'fn main() {\n    let root = std::env::var("CARGO_MANIFEST_DIR").unwrap();\n    std::fs::read(format!("{root}/../../secret.txt")).unwrap();\n}\n',
    });
    expect(await failure(cargoCross(crateOptions(), recorded(root).context))).toMatchObject({
      code: 'INPUT_UNDECLARED',
      message: expect.stringContaining('; secret.txt is no declared input'),
      hint: expect.stringContaining(`${add} ["../../secret.txt"]`),
    });
    rmSync(join(root, 'project/ref-rust/build.rs'));
    write(root, {
      'project/ref-rust/src/main.rs': 'fn main() { println!("{}", include_str!("../../../secret.txt")); }\n',
      'project/ref-rust/Cargo.toml': `${readFileSync(join(root, 'project/ref-rust/Cargo.toml'), 'utf8')}[package.metadata.avocado]\nextension = "e"\ninputs = ["../../secret.txt"]\nbins = { ref_rust = "usr/libexec/vitals" }\n`,
    });
    await cargoCross(crateOptions(), recorded(root).context);
    expect(Object.keys(await entries(archive(root, crateOptions())))).toContain('usr/libexec/vitals');
  });

  test('editing one crate of a cargo workspace compiles that one alone', async () => {
    const member = (name: string, dependency = '') =>
      `[package]\nname = "${name}"\nversion = "0.1.0"\nedition = "2021"\n${dependency && `[dependencies]\n${dependency} = { path = "../${dependency}" }\n`}`;
    const locked = (name: string) => `[[package]]\nname = "${name}"\nversion = "0.1.0"\n`;
    const main = 'fn main() { println!("{}", shared::NAME); }\n';
    const root = await workspace({
      'project/Cargo.toml': '[workspace]\nmembers = ["a", "b", "shared"]\nresolver = "2"\n',
      'project/Cargo.lock': `version = 4\n\n${locked('a')}dependencies = [\n "shared",\n]\n\n${locked('b')}dependencies = [\n "shared",\n]\n\n${locked('shared')}`,
      'project/a/Cargo.toml': member('a', 'shared'),
      'project/a/src/main.rs': main,
      'project/b/Cargo.toml': member('b', 'shared'),
      'project/b/src/main.rs': main,
      'project/shared/Cargo.toml': member('shared'),
      'project/shared/src/lib.rs': 'pub const NAME: &str = "shared";\n',
    });
    const compiled = async (): Promise<string[]> => {
      const found: string[] = [];
      for (const name of ['a', 'b']) {
        const { context, lines } = recorded(root);
        await cargoCross(crateOptions({ crate: `project/${name}`, package: name, outputPath: `out/${name}` }), context);
        found.push(...lines.flatMap((line) => /Compiling (\S+)/.exec(line)?.[1] ?? []).map((one) => `${name}: ${one}`));
      }
      return found;
    };
    expect(await compiled()).toEqual(['a: shared', 'a: a', 'b: b']);
    write(root, { 'project/a/src/main.rs': `${main}// One.\n` });
    expect(await compiled()).toEqual(['a: a']);
    write(root, { 'project/shared/src/lib.rs': 'pub const NAME: &str = "both";\n' });
    expect(await compiled()).toEqual(['a: shared', 'a: a', 'b: b']);
  });

  test("fetches by the user's cargo configuration, through cargo's proxy, and builds without either", async () => {
    const registry = await crateRegistry();
    const root = await workspace({
      'home/config.toml': `[source.crates-io]\nreplace-with = "mirror"\n[source.mirror]\nregistry = "${registry.index}"\n`,
      'project/ref-rust/Cargo.toml':
        '[package]\nname = "ref_rust"\nversion = "0.1.0"\nedition = "2021"\n[dependencies]\ntiny = "1"\n',
      'project/ref-rust/Cargo.lock': `version = 4\n\n[[package]]\nname = "ref_rust"\nversion = "0.1.0"\ndependencies = [\n "tiny",\n]\n\n[[package]]\nname = "tiny"\nversion = "1.0.0"\nsource = "registry+https://github.com/rust-lang/crates.io-index"\nchecksum = "${registry.checksum}"\n`,
      'project/ref-rust/src/main.rs': 'fn main() { println!("{}", tiny::NAME); }\n',
    });
    const before = process.env['CARGO_HOME'];
    Object.assign(process.env, { CARGO_HOME: join(root, 'home'), CARGO_HTTP_PROXY: registry.proxy });
    try {
      const { context, commands } = recorded(root);
      await cargoCross(crateOptions(), context);
      expect(registry.asked).toContain('http://registry.invalid/crates/tiny/1.0.0.crate');
      const online = commands.filter(({ network }) => network);
      expect(online.map(({ argv }) => argv[1])).toEqual(['fetch']);
      const build = commands.find(({ argv }) => argv[1] === 'build');
      expect(Object.keys(build?.env ?? {}).filter((name) => /PROXY|TOKEN/i.test(name))).toEqual([]);
      expect((await entries(archive(root, crateOptions())))['usr/bin/ref_rust']?.content).toContain('from the mirror');
    } finally {
      delete process.env['CARGO_HTTP_PROXY'];
      if (before === undefined) delete process.env['CARGO_HOME'];
      else process.env['CARGO_HOME'] = before;
      registry.close();
    }
  });

  test('two crates share one build directory without mixing up what they share', async () => {
    const manifest = (name: string) =>
      `[package]\nname = "${name}"\nversion = "0.1.0"\n[dependencies]\nshared = { path = "../shared" }\n`;
    const lock = (name: string) =>
      `version = 4\n\n[[package]]\nname = "${name}"\nversion = "0.1.0"\ndependencies = [\n "shared",\n]\n\n[[package]]\nname = "shared"\nversion = "0.1.0"\n`;
    const main = 'fn main() { println!("{}", shared::NAME); }\n';
    const root = await workspace({
      'project/a/Cargo.toml': manifest('a'),
      'project/a/Cargo.lock': lock('a'),
      'project/a/src/main.rs': main,
      'project/b/Cargo.toml': manifest('b'),
      'project/b/Cargo.lock': lock('b'),
      'project/b/src/main.rs': main,
      'project/shared/Cargo.toml': '[package]\nname = "shared"\nversion = "0.1.0"\n',
    });
    const built = async (name: string, value: string): Promise<boolean> => {
      write(root, { 'project/shared/src/lib.rs': `pub const NAME: &str = "${value}";\n` });
      const options = crateOptions({ crate: `project/${name}`, package: name, outputPath: `out/${name}` });
      await cargoCross(options, recorded(root).context);
      return (await entries(archive(root, options)))[`usr/bin/${name}`]?.content.includes(value) ?? false;
    };
    for (const [name, value] of [
      ['b', 'first-name'],
      ['a', 'second-name'],
      ['b', 'first-name'],
      ['a', 'first-name'],
    ] as const) {
      expect([name, value, await built(name, value)]).toEqual([name, value, true]);
    }
  });

  test('names what is missing', async () => {
    const root = await workspace();
    const gone = await failure(cargoCross(crateOptions({ crate: 'project/gone' }), recorded(root).context));
    expect(gone.code).toBe('CRATE_MISSING');
    rmSync(join(root, 'project/ref-rust/Cargo.lock'));
    const lock = await failure(cargoCross(crateOptions(), recorded(root).context));
    expect(lock).toMatchObject({ code: 'CARGO_LOCK_MISSING' });
    expect(lock.message).toContain('project/ref-rust/Cargo.lock');
  });
});

describe('sdk-compile', () => {
  const scripts = async (files: Record<string, string>, given: Partial<SdkCompileOptions> = {}) => {
    const root = await workspace(files);
    const options = scriptOptions({ compile: 'make.sh', install: 'install.sh', ...given });
    return { root, options, run: () => sdkCompile(options, recorded(root).context) };
  };

  test('compiles C against the target sysroot, as scripts for the avocado CLI do', async () => {
    const { root, options, run } = await scripts({
      'project/hello.c': '#include <stdio.h>\nint main(void) { puts("hello"); return 0; }\n',
      'project/make.sh':
        '. "$AVOCADO_SDK_PREFIX/environment-setup"\n$CC $CFLAGS $LDFLAGS -o "$AVOCADO_BUILD_DIR/hello" hello.c\n$STRIP "$AVOCADO_BUILD_DIR/hello"\n',
      'project/install.sh': [
        'set -e; cd "$AVOCADO_BUILD_EXT_SYSROOT"; test -z "$(ls -A)"',
        'install -D -m 0755 "$AVOCADO_BUILD_DIR/hello" usr/bin/hello; chown root:root usr/bin/hello',
        'install -D -m 4755 "$AVOCADO_BUILD_DIR/hello" usr/bin/hello-as-root',
        'install -D -m 0600 /dev/null etc/hello/key; ln -s /usr/bin/hello usr/bin/hi; mkdir -p etc/empty',
      ].join('\n'),
    });
    await run();
    const files = await entries(archive(root, options));
    expect(
      Object.fromEntries(Object.entries(files).map(([path, { mode, link }]) => [path, link ?? mode.toString(8)])),
    ).toEqual({
      etc: '755',
      'etc/empty': '755',
      'etc/hello': '755',
      'etc/hello/key': '600',
      usr: '755',
      'usr/bin': '755',
      'usr/bin/hello': '755',
      'usr/bin/hello-as-root': '4755',
      'usr/bin/hi': '/usr/bin/hello',
    });
  });

  test('keeps what scripts make beside the sources, restores what they change, drops what the user removed', async () => {
    const { root, options, run } = await scripts({
      'project/data.txt': 'one',
      'project/old.txt': 'old',
      'project/make.sh':
        'cat data.txt >> log.txt; ls old.txt >> log.txt 2>/dev/null || echo gone >> log.txt; echo changed > data.txt; ln -sfn /etc dir\n',
      'project/dir/inner.txt': 'inner',
      'project/install.sh': 'install -D -m 0644 log.txt "$AVOCADO_BUILD_EXT_SYSROOT/usr/share/log.txt"\n',
    });
    await run();
    rmSync(join(root, 'project/old.txt'));
    await run();
    expect((await entries(archive(root, options)))['usr/share/log.txt']?.content).toBe('oneold.txt\nonegone\n');
    expect(existsSync('/etc/inner.txt')).toBe(false);
    expect(readFileSync(join(root, 'project/data.txt'), 'utf8')).toBe('one');
  });

  test('sees src_dir alone, and an error names a file that is not in it', async () => {
    const attempt = async (script: string): Promise<AvocadoError> => {
      const { run } = await scripts({
        'other/file.txt': 'x',
        '.gitignore': 'project/made.bin\n',
        'project/made.bin': 'x',
        'project/overlay/etc/motd': 'x',
        'project/make.sh': `set -e\n${script}\n`,
        'project/install.sh': 'touch "$AVOCADO_BUILD_EXT_SYSROOT/a"',
      });
      return failure(run());
    };
    const outside = {
      code: 'INPUT_UNDECLARED',
      message: expect.stringMatching(
        /make\.sh .* failed: bash ended with code \d+; other\/file\.txt is no declared input$/,
      ),
      hint: expect.stringContaining(
        'Scripts see src_dir, which is project. Move other/file.txt below it, or set src_dir in avocado.yaml to',
      ),
    };
    expect(await attempt('cat ../other/file.txt')).toMatchObject(outside);
    expect(await attempt('cd ref-rust; cp "$AVOCADO_SRC_DIR/../other/file.txt" .')).toMatchObject(outside);
    expect(await attempt('cd ref-rust; . ../../other/file.txt')).toMatchObject(outside);
    expect((await attempt('cat made.bin')).hint).toBe(
      'Version control ignores project/made.bin, so no build may depend on it: take it out of .gitignore',
    );
    expect((await attempt('cat overlay/etc/motd')).hint).toContain(
      'no input of scripts: keep a copy of project/overlay',
    );
    expect(await attempt('cat nowhere.txt')).toMatchObject({ code: 'COMMAND_FAILED' });
  });

  test('a missing script is named with its key', async () => {
    const { run } = await scripts({ 'project/make.sh': '' });
    expect(await failure(run())).toMatchObject({
      code: 'COMPILE_SCRIPT_MISSING',
      message: 'extensions.example-rust.packages.app.install: script install.sh not found',
    });
    const outside = await scripts({}, { compile: '../../etc/profile' });
    expect((await failure(outside.run())).code).toBe('COMPILE_SCRIPT_OUTSIDE');
  });

  test('a script that fails or installs a special file leaves the last output in place', async () => {
    const { root, options, run } = await scripts({
      'project/make.sh': '',
      'project/install.sh': 'touch "$AVOCADO_BUILD_EXT_SYSROOT/a"',
    });
    await run();
    const before = await sha256File(archive(root, options));
    write(root, {
      'project/install.sh': 'mkdir "$AVOCADO_BUILD_EXT_SYSROOT/run"; mkfifo "$AVOCADO_BUILD_EXT_SYSROOT/run/pipe"',
    });
    expect(await failure(run())).toMatchObject({
      code: 'INSTALL_SPECIAL_FILE',
      message: expect.stringContaining('/run/pipe'),
    });
    write(root, { 'project/make.sh': 'exit 7' });
    expect(await failure(run())).toMatchObject({
      code: 'COMMAND_FAILED',
      message: expect.stringContaining('sdk.compile.example-rust-app.compile'),
    });
    expect(await sha256File(archive(root, options))).toBe(before);
    expect(readdirSync(join(root, options.outputPath)).sort()).toEqual(['app.tar', 'manifest.json']);
  });

  test('an interrupt leaves no output, and the next run works', async () => {
    const { root, options } = await scripts({
      'project/make.sh': 'echo started; sleep "$(cat seconds)"\n',
      'project/seconds': '1000',
      'project/install.sh': 'touch "$AVOCADO_BUILD_EXT_SYSROOT/a"',
    });
    const first = recorded(root);
    const running = failure(sdkCompile(options, first.context));
    await Promise.race([running, eventually(() => first.lines.includes('started'))]);
    first.abort.abort();
    expect((await running).code).toBe('ABORTED');
    expect(existsSync(join(root, options.outputPath))).toBe(false);
    write(root, { 'project/seconds': '0' });
    await sdkCompile(options, recorded(root).context);
    expect(Object.keys(await entries(archive(root, options)))).toEqual(['a']);
  });
});
