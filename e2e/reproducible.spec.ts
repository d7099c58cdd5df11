import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { storePath } from '@nx-avocado/engine/store';
import { firstDifference } from './support/difference';
import { cleanEnvironment, programOf } from './support/nx';
import { TestWorkspace, repository } from './support/workspace';

/**
 * Every cached output of both examples, built twice from nothing by builders that have nothing in common: the same bytes.
 * The roots that both use are proved in feed.spec.ts; a boot test's report names the builder's machine, and is left out.
 */
const folders = ['rust-vitals', 'heartbeat', 'scripted'].map((name) => `examples/${name}`);
const directory = mkdtempSync(join(tmpdir(), 'reproducible-'));
/** Of nobody; what it makes belongs to it. */
const user = '12345';
const otherUser = canBeAnother();

interface Builder {
  workspace: TestWorkspace;
  /** What stands before node on the command line. */
  before: string[];
  env: Record<string, string>;
  store: string;
}

const builders: Builder[] = [
  {
    workspace: new TestWorkspace('r'),
    before: ['taskset', '--cpu-list', '0', 'sh', '-c', 'umask 022; exec "$@"', 'sh'],
    env: { TZ: 'Pacific/Kiritimati', LANG: 'C', LC_ALL: 'C' },
    store: storePath('roots', '..'),
  },
  {
    workspace: new TestWorkspace('another-place-with-a-longer-name'),
    before: [...asAnother(), 'sh', '-c', 'umask 077; exec "$@"', 'sh'],
    env: { TZ: 'America/St_Johns', LANG: 'tr_TR.UTF-8', LC_ALL: 'tr_TR.UTF-8', HOME: join(directory, 'home') },
    store: join(directory, 'store'),
  },
];

/** An extension whose crate is built by its scripts: the example's own is built by cargo-cross. */
const scripted = `default_target: qemux86-64
supported_targets: '*'
distro: { release: 2024, channel: edge }
extensions:
  scripted-rust:
    version: 0.1.0
    overlay: overlay
    packages:
      scripted-app:
        compile: scripted-app
        install: rust-install.sh
    sdk:
      packages:
        nativesdk-binutils: '*'
        nativesdk-cargo: '*'
        nativesdk-gcc: '*'
        nativesdk-glibc-dev: '*'
        nativesdk-libgcc-dev: '*'
        nativesdk-rust: '*'
        packagegroup-rust-cross-canadian-avocado-{{ avocado.target }}: '*'
sdk:
  image: docker.io/avocadolinux/sdk:2024-edge
  compile:
    scripted-app:
      compile: rust-compile.sh
      packages:
        libstd-rs: '*'
        libstd-rs-dev: '*'
  packages:
    avocado-sdk-toolchain: '*'
`;

const runs: [machine: string, args: string[]][] = [
  ['qemux86-64', ['run-many', '-t', 'provision', 'build', '-p', 'dev', 'heartbeat-dev', 'scripted-rust']],
  // Its OS image is not built here, nor what needs it: each builder would take five minutes on a machine of another architecture.
  [
    'qemuarm64',
    ['run-many', '-t', 'build', '-c', 'qemuarm64', '-p', 'example-rust', 'scripted-rust', 'heartbeat', 'heartbeat-app'],
  ],
];

jest.setTimeout(15 * 60_000);

beforeAll(async () => {
  for (const path of ['home', 'store']) mkdirSync(join(directory, path));
  for (const { workspace } of builders) {
    rmSync(workspace.root, { recursive: true, force: true });
    workspace.reset();
    cpSync(workspace.path('examples/rust-vitals'), workspace.path('examples/scripted'), { recursive: true });
    workspace.write('examples/scripted/avocado.yaml', scripted);
    rmSync(workspace.path('examples/scripted/avocado.lock'));
    workspace.edit('examples/scripted/ref-rust/Cargo.toml', (text) =>
      text.replace(/\[package\.metadata\.avocado\]\n(.+\n)*/, ''),
    );
  }
  // The second's files are made in the opposite order, and it finds what the first has pinned.
  const [first, second] = builders as [Builder, Builder];
  await build(first, ['run-many', '-t', 'sdk-install', '-p', 'scripted-rust']);
  await build(first, ['run-many', '-t', 'sdk-install', '-c', 'qemuarm64', '-p', 'scripted-rust']);
  for (const folder of folders) recreate(first.workspace.path(folder), second.workspace.path(folder));
  if (otherUser) {
    for (const path of [second.workspace.root, directory]) {
      execFileSync('chown', ['--recursive', '--no-dereference', `${user}:${user}`, path]);
      execFileSync('chmod', ['755', path]);
    }
  }
  mkdirSync(join(second.store, 'roots'), { recursive: true });
});
afterAll(() => {
  for (const { workspace } of builders) rmSync(workspace.root, { recursive: true, force: true });
  rmSync(directory, { recursive: true, force: true });
});

test.each(runs)('%s: every output is the same from both', async (machine, args) => {
  // The first installs what roots are missing; of them the second only reads.
  for (const builder of builders) await build(builder, args);
  const [one, two] = builders.map(({ workspace }) =>
    Object.fromEntries(folders.flatMap((folder) => of(machine, workspace.outputs(`${folder}/.avocado`)))),
  );
  const paths = [...new Set([...Object.keys(one!), ...Object.keys(two!)])].sort();
  expect(paths.filter((path) => /manifest\.json$/.test(path)).length).toBeGreaterThan(8);
  const path = paths.find((name) => one![name] !== two![name]);
  if (path === undefined) return;
  const there = builders.filter(({ workspace }) => workspace.exists(path)).length === 2;
  const [a, b] = builders.map(({ workspace }) => workspace.path(path));
  throw new Error(`${path} differs: ${there ? await firstDifference(a!, b!) : 'one has not made it'}`);
});

test('a difference is told: the first entry of an archive', async () => {
  const archive = (name: string, text: string): string => {
    const from = join(directory, name);
    mkdirSync(from);
    for (const [file, content] of [
      ['a', 'same'],
      ['b', text],
      ['c', text],
    ] as const) {
      writeFileSync(join(from, file), content);
    }
    execFileSync('tar', ['--create', '--mtime=@0', `--file=${from}.tar`, `--directory=${from}`, 'a', 'b', 'c']);
    return `${from}.tar`;
  };
  expect(await firstDifference(archive('x', 'one'), archive('y', 'other'))).toMatch(/^b: mode .* 3 bytes.* 5 bytes/);
});

function of(machine: string, outputs: Record<string, string>): [string, string][] {
  return Object.entries(outputs).filter(([path]) => path.split('/')[4] === machine);
}

function build({ workspace, before, env, store }: Builder, args: string[]): Promise<void> {
  const [program = '', ...words] = [...before, process.execPath, programOf(workspace.root), ...args];
  const fixed = { NX_DAEMON: 'false', NX_ISOLATE_PLUGINS: 'false', NX_TUI: 'false', NO_COLOR: '1' };
  const options = {
    cwd: workspace.root,
    maxBuffer: 64 * 1024 * 1024,
    env: { ...cleanEnvironment(), ...fixed, ...env, NX_AVOCADO_STORE: store },
  };
  return new Promise((resolve, reject) => {
    execFile(program, words, options, (error, stdout, stderr) =>
      error ? reject(new Error(`${stdout}${stderr}`)) : resolve(),
    );
  });
}

/** Copies a directory's sources, the last name first. */
function recreate(from: string, to: string): void {
  rmSync(to, { recursive: true, force: true });
  const copy = (path: string): void => {
    mkdirSync(join(to, path), { recursive: true });
    for (const entry of readdirSync(join(from, path), { withFileTypes: true }).sort((a, b) =>
      a.name < b.name ? 1 : -1,
    )) {
      if (entry.name === '.avocado') continue;
      const child = join(path, entry.name);
      if (entry.isDirectory()) copy(child);
      else cpSync(join(from, child), join(to, child), { verbatimSymlinks: true });
    }
  };
  copy('');
}

/** As root, another user can build, in a mount namespace where the roots of the store are shown in its own. */
function asAnother(): string[] {
  const roots = storePath('roots');
  const script = 'mount --bind "$1" "$2" && shift 2 && exec setpriv --reuid=12345 --regid=12345 --clear-groups "$@"';
  const own = join(directory, 'store/roots');
  if (otherUser) return ['unshare', '--mount', '--propagation=private', 'sh', '-c', script, 'sh', roots, own];
  process.stdout.write('Both builders are the same user: only root may become another that can read this clone.\n');
  rmSync(join(directory, 'store'), { recursive: true, force: true });
  return ['env', `NX_AVOCADO_STORE=${storePath('roots', '..')}`];
}

function canBeAnother(): boolean {
  if (process.getuid?.() !== 0) return false;
  const readable = [
    'setpriv',
    `--reuid=${user}`,
    `--regid=${user}`,
    '--clear-groups',
    'test',
    '-r',
    join(repository, 'package.json'),
  ];
  return spawnSync(readable[0]!, readable.slice(1)).status === 0;
}
