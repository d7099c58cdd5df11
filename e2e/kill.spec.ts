import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statfsSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { machine as machineOf, rootSpec } from '@nx-avocado/engine/feed';
import { updateLock, lockSlice } from '@nx-avocado/engine/lock';
import { silentReporter } from '@nx-avocado/engine/report';
import { sha256File, storePath, verifyManifest, writeManifest } from '@nx-avocado/engine/store';
import type { RootSpec, SdkDescriptor } from '@nx-avocado/engine/feed';
import { compiledPlugin } from './support/compiled';
import { cleanEnvironment } from './support/nx';
import { eventually } from './support/processes';
import { StepProcesses, leftovers, processesOf } from './support/steps';
import type { StepInput } from './support/steps';
import { TestWorkspace, repository } from './support/workspace';

/**
 * What is left when a run is killed, or the disk is full, at a random moment. NX_AVOCADO_KILL_SEED repeats a run's moments.
 * The steps run as an executor runs them, in a process without Nx; a few whole runs of Nx are killed, too.
 */
const seed = Number(process.env['NX_AVOCADO_KILL_SEED'] ?? Date.now() % 1_000_000);
const random = generator(seed);
const machine = machineOf('qemux86-64');
const nxJson = JSON.parse(readFileSync(join(repository, 'nx.json'), 'utf8')) as object;
const main = 'examples/rust-vitals/ref-rust/src/main.rs';

const workspace = new TestWorkspace('kill');
const directory = mkdtempSync(join(tmpdir(), 'killed-'));
const shared = storePath('roots');
const store = join(directory, 'store');
const temporary = join(directory, 'tmp');
const env = { ...cleanEnvironment(), NX_AVOCADO_STORE: store, TMPDIR: temporary };
/** Small enough to be installed many times: one root that is unpacked, one with maintainer scripts. */
const small = { initramfs: ['busybox-static', 'kmod'], rootfs: ['base-files', 'passwd'] };
let program: string;
let steps: StepProcesses;
let targets: Record<string, Record<string, { options: { outputPath: string; step?: string } }>>;
let specs: { initramfs: RootSpec; rootfs: RootSpec };

jest.setTimeout(10 * 60_000);

beforeAll(async () => {
  process.stdout.write(`NX_AVOCADO_KILL_SEED=${seed}\n`);
  chmodSync(directory, 0o755);
  for (const path of [store, temporary]) mkdirSync(path);
  workspace.reset();
  workspace.forgetOutputs();
  program = compiledPlugin(join(directory, 'compiled'));
  const file = join(directory, 'graph.json');
  const { code, output } = await workspace.nx(['graph', `--file=${file}`]);
  if (code !== 0) throw new Error(output);
  const { graph } = JSON.parse(readFileSync(file, 'utf8')) as {
    graph: { nodes: Record<string, { data: { targets: (typeof targets)[string] } }> };
  };
  targets = Object.fromEntries(Object.entries(graph.nodes).map(([name, { data }]) => [name, data.targets]));

  // The large roots are the shared store's; what is made here is made in a store of this test's own.
  const filled = new StepProcesses([process.execPath, program], { ...env, NX_AVOCADO_STORE: '' });
  const projects = [
    'example-rust',
    'avocado-ext-dev',
    'heartbeat-dev',
    'heartbeat',
    'heartbeat-app',
    'heartbeat-config',
  ];
  for (const project of projects) await succeed(input(`${project}:sdk-install`), filled);
  filled.stop();
  linkRoots(store);
  steps = new StepProcesses([process.execPath, program], env);
  await useSmallRootfs();
  for (const task of [
    'heartbeat-dev:rootfs',
    ...projects.slice(3).map((name) => `${name}:build`),
    'heartbeat-dev:build',
  ]) {
    await succeed(input(task));
  }
});
afterAll(() => {
  steps?.stop();
  rmSync(directory, { recursive: true, force: true });
});

/** mulberry32: the same numbers from the same seed. */
function generator(state: number): () => number {
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

function linkRoots(to: string): void {
  mkdirSync(join(to, 'roots'), { recursive: true });
  for (const name of readdirSync(shared)) {
    if (!name.startsWith('.tmp-')) symlinkSync(join(shared, name), join(to, 'roots', name));
  }
}

/** The OS image of base-files and passwd: all that is done is done, and soon. */
async function useSmallRootfs(): Promise<void> {
  const project = { kind: 'extension', name: 'small' } as const;
  const lock = await updateLock([{ project, machine: machine.name, requests: small }], { reporter: silentReporter });
  const pins = lockSlice(lock, project, machine)!.roots;
  specs = {
    initramfs: rootSpec('initramfs', machine, pins.initramfs!),
    rootfs: rootSpec('rootfs', machine, pins.rootfs!),
  };
  const path = workspace.path(outputOf('heartbeat-dev:sdk-install'));
  const descriptor = JSON.parse(readFileSync(join(path, 'sdk.json'), 'utf8')) as SdkDescriptor;
  descriptor.roots.rootfs = specs.rootfs;
  writeFileSync(join(path, 'sdk.json'), JSON.stringify(descriptor));
  await writeManifest(path, ['sdk.json']);
  workspace.write('small/avocado.lock', JSON.stringify(lock));
}

function optionsOf(task: string): { outputPath: string } {
  const [project = '', target = ''] = task.split(':');
  return targets[project]![target]!.options;
}
const outputOf = (task: string): string => optionsOf(task).outputPath;
const input = (task: string, root = workspace.root): StepInput => ({ root, options: optionsOf(task), nxJson });

async function succeed(step: StepInput, by = steps): Promise<number> {
  const { code, output, took } = await by.run(step);
  if (code !== 0) throw new Error(output);
  return took;
}

/** sha256 of a task's manifest, whose files are proved. */
async function proved(task: string, root = workspace.root): Promise<string> {
  const path = join(root, outputOf(task));
  await verifyManifest(path, task);
  return sha256File(join(path, 'manifest.json'));
}

/**
 * @param unmade but for sandboxes that bwrap had not finished making when it was killed: they do nothing, and the next
 * run ends them (engine/src/sdk/orphans.ts)
 */
async function nothingRuns({ unmade = false } = {}): Promise<void> {
  const running = (): string[] =>
    [...processesOf(`${store}/`), ...processesOf(temporary)].filter(
      (line) => !unmade || !line.includes(' /usr/bin/bwrap '),
    );
  expect(await eventually(running, (found) => found.length === 0, 15_000)).toEqual([]);
}

/** Of this test; others run beside it. */
const mounts = (): string[] =>
  readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .filter((line) => line.includes(directory));
const left = (): string[] => [
  ...leftovers(store),
  ...['rust-vitals', 'heartbeat'].flatMap((name) => leftovers(workspace.path(`examples/${name}`))),
  ...readdirSync(temporary),
];

interface Series {
  step: () => StepInput;
  /** What proves the result: its digest. */
  result: () => Promise<string>;
  /** Before each run. */
  before?: (point: string) => void;
  /** What a killed run may have in its place: nothing, where nothing was there before. */
  mayMiss?: boolean;
  points: number;
}

/** Kills a step at random moments of its run; after every tenth the next run puts all right. */
async function series({ step, result, before, mayMiss, points }: Series): Promise<void> {
  before?.('warm');
  await succeed(step());
  before?.('good');
  const whole = await succeed(step());
  const good = await result();
  for (let point = 1; point <= points; point += 1) {
    before?.(String(point));
    await steps.run(step(), random() * whole * 1.1);
    await nothingRuns({ unmade: true });
    expect(mounts()).toEqual([]);
    if (!mayMiss) expect(await result()).toBe(good);
    if (point % 10 !== 0 && point !== points) continue;
    before?.(`after ${point}`);
    await succeed(step());
    await nothingRuns();
    expect({ point, result: await result(), left: left() }).toEqual({ point, result: good, left: [] });
  }
}

const ofTask = (task: string, points: number): Series => ({
  step: () => input(task),
  result: () => proved(task),
  points,
});

describe(`killed at random moments (seed ${seed})`, () => {
  test('compile: cargo', async () => {
    const text = workspace.read(main);
    const before = (point: string): void => workspace.write(main, `// ${point} ${seed}\n${text}`);
    await series({ ...ofTask('example-rust:compile', 40), before });
    workspace.write(main, text);
  });

  test('assemble: packages, overlay and image', () => series(ofTask('avocado-ext-dev:build', 35)));

  test('assemble: what was compiled', () => series(ofTask('example-rust:build', 15)));

  test('rootfs: OS image, initramfs and boot program', () => series(ofTask('heartbeat-dev:rootfs', 30)));

  test('provision: the recipe', () => series(ofTask('heartbeat-dev:provision', 20)));

  test('the disk', async () => {
    const file = join(directory, 'disk.raw');
    const { outputPath: path } = optionsOf('heartbeat-dev:provision');
    const options = { provision: { task: 'heartbeat-dev:provision', path }, file, ...{ recipe: 1, release: '' } };
    const before = (): void => rmSync(join(store, 'disks'), { recursive: true, force: true });
    // Ids of the var partition are its own; up to there every disk of a recipe is the same.
    const result = (): Promise<string> => Promise.resolve(beginOf(file));
    await series({ step: () => ({ root: workspace.root, options, nxJson }), result, before, points: 15 });
  });

  test.each(['initramfs', 'rootfs'] as const)('installing an SDK root: %s', async (name) => {
    const spec = specs[name];
    const path = join(store, 'roots', `${spec.digest}${name === 'rootfs' ? '.tar' : ''}`);
    const options = installOptions(name);
    await series({
      step: () => ({ root: workspace.root, options, nxJson }),
      before(point) {
        rmSync(path, { recursive: true, force: true });
        // Some of them fetch a package again, too.
        const pin = spec.packages[0]!;
        if (/[05]$/.test(point)) rmSync(join(store, 'debs', `${pin.sha256}.deb`), { force: true });
      },
      result: () => (name === 'rootfs' ? sha256File(path) : Promise.resolve(treeDigest(path))),
      mayMiss: true,
      // Of the one that takes long, fewer.
      points: name === 'rootfs' ? 5 : 32,
    });
  });

  test('a whole run of Nx', async () => {
    const text = workspace.read(main);
    const run = ['run', 'example-rust:build', '--skip-nx-cache'];
    const whole = async (): Promise<string> => {
      const { code, output } = await workspace.nx(run, { NX_AVOCADO_STORE: store, TMPDIR: temporary });
      if (code !== 0) throw new Error(output);
      return proved('example-rust:build');
    };
    const start = performance.now();
    const good = await whole();
    const took = performance.now() - start;
    for (let point = 1; point <= 8; point += 1) {
      workspace.write(main, `// nx ${point} ${seed}\n${text}`);
      const nx = spawn(process.execPath, [join(workspace.root, 'node_modules/nx/dist/bin/nx.js'), ...run], {
        cwd: workspace.root,
        env: { ...env, NX_DAEMON: 'false', NX_ISOLATE_PLUGINS: 'false', NX_TUI: 'false' },
        stdio: 'ignore',
      });
      const ended = once(nx, 'exit');
      const timer = setTimeout(() => nx.kill('SIGKILL'), (0.3 + 0.7 * random()) * took);
      await ended;
      clearTimeout(timer);
      await nothingRuns({ unmade: true });
    }
    workspace.write(main, text);
    expect({ result: await whole(), left: left() }).toEqual({ result: good, left: [] });
  });
});

function installOptions(name: 'initramfs' | 'rootfs'): object {
  return {
    ...optionsOf('heartbeat-dev:sdk-install'),
    ...{ outputPath: `small/.avocado/${name}`, configFile: 'small/avocado.yaml', lockDigest: '' },
    ...{ project: { kind: 'extension', name: 'small' }, requests: { [name]: small[name] }, lock: 'refresh' },
  };
}

/** The first 16 MiB, and the size. */
function beginOf(file: string): string {
  return execFileSync('sh', ['-c', 'head -c 16777216 "$1" | sha256sum; stat -c %s "$1"', 'sh', file], {
    encoding: 'utf8',
  });
}

/** Over every path, mode, link and content. */
function treeDigest(path: string): string {
  const words = ['--sort=name', '--mtime=@0', '--owner=0', '--group=0', '--numeric-owner', '-C', path, '-c', '.'];
  const pipeline = 'tar "$@" | sha256sum';
  return execFileSync('bash', ['-c', pipeline, 'tar', ...words], { encoding: 'utf8', maxBuffer: 1024 });
}

const isRoot = process.getuid?.() === 0;
if (!isRoot) process.stdout.write('A full disk is not tried: only root can mount a small one.\n');

(isRoot ? describe : describe.skip)('a full disk', () => {
  const disk = join(directory, 'disk');
  const filler = (): string => join(inside(disk), 'filler');
  let holder: ChildProcess;
  let there: StepProcesses;
  /** A path as the processes with the small disk see it. */
  const inside = (path: string): string => join(`/proc/${holder.pid}/root`, path);
  const root = join(disk, 'workspace');

  beforeAll(async () => {
    mkdirSync(disk);
    // A mount of this process and its children alone; gone with them.
    const script = 'mount -t tmpfs -o size=512m tmpfs "$1" && echo mounted && exec cat';
    holder = spawn('unshare', ['--mount', '--propagation', 'private', 'sh', '-c', script, 'sh', disk]);
    await once(holder.stdout!, 'data');
    // The feed's package extensions are built from its own files.
    for (const name of ['examples', 'small', 'packages/engine/feeds']) {
      cpSync(workspace.path(name), inside(join(root, name)), { recursive: true, verbatimSymlinks: true });
    }
    linkRoots(inside(join(disk, 'store')));
    cpSync(join(store, 'debs'), inside(join(disk, 'store/debs')), { recursive: true });
    const words = ['--target', String(holder.pid), '--mount', process.execPath, program] as const;
    const onDisk = { NX_AVOCADO_STORE: join(disk, 'store'), TMPDIR: join(disk, 'tmp') };
    mkdirSync(inside(join(disk, 'tmp')));
    there = new StepProcesses(['nsenter', ...words], { ...env, ...onDisk });
  });
  afterAll(() => {
    there?.stop();
    holder?.kill('SIGKILL');
  });

  const free = (): number => {
    const { bavail, bsize } = statfsSync(inside(disk));
    return bavail * bsize;
  };

  test.each([
    ['example-rust:compile', 3],
    ['avocado-ext-dev:build', 4],
    ['heartbeat-dev:rootfs', 3],
    ['heartbeat-dev:provision', 2],
  ] as const)('%s', async (task, points) => {
    const step = input(task, root);
    const before = free();
    let most = 0;
    const sampler = setInterval(() => (most = Math.max(most, before - free())), 50);
    await succeed(step, there).finally(() => clearInterval(sampler));
    const good = await proved(task, inside(disk) + root.slice(disk.length));
    let full = 0;
    for (let point = 0; point < points; point += 1) {
      if (task.endsWith('compile')) {
        const file = inside(join(root, main));
        writeFileSync(file, `// full ${point}\n${readFileSync(file, 'utf8')}`);
      }
      const rest = point === 0 ? 0 : Math.floor(random() * most);
      const fill = Math.max(free() - rest, 0);
      execFileSync('fallocate', ['--length', String(Math.max(fill, 1)), filler()]);
      const { code, output } = await there.run(step);
      if (code !== 0) {
        full += 1;
        expect(output).toMatch(/\[DISK_FULL\]\n(.*\n)*\s+hint: Free some/);
      }
      expect(await proved(task, inside(disk) + root.slice(disk.length))).toBe(good);
      rmSync(filler());
      await succeed(step, there);
      expect(await proved(task, inside(disk) + root.slice(disk.length))).toBe(good);
      expect(leftovers(inside(disk))).toEqual([]);
    }
    expect(full).toBeGreaterThan(0);
  });

  test.each(['initramfs', 'rootfs'] as const)('installing an SDK root: %s', async (name) => {
    const options = { ...installOptions(name) };
    const step: StepInput = { root, options, nxJson };
    const path = inside(join(disk, 'store/roots', `${specs[name].digest}${name === 'rootfs' ? '.tar' : ''}`));
    await succeed(step, there);
    for (const rest of [0, Math.floor(random() * 4 * 1024 * 1024)]) {
      rmSync(path, { recursive: true, force: true });
      execFileSync('fallocate', ['--length', String(free() - rest), filler()]);
      const { code, output } = await there.run(step);
      // What is left at random may be enough.
      if (rest === 0 || code !== 0) {
        expect({ code, output }).toEqual({ code: 1, output: expect.stringMatching(/\[DISK_FULL\]/) as string });
      }
      rmSync(filler());
      await succeed(step, there);
      expect(leftovers(inside(disk))).toEqual([]);
    }
  });
});

describe('at once', () => {
  test('two runs on one workspace: both succeed, and the outputs are whole', async () => {
    const text = workspace.read(main);
    for (const edit of ['one', 'two', 'three']) {
      workspace.write(main, text.replace('"uptime":{}', `"uptime":{},"${edit}":${seed}`));
      const run = () => workspace.nx(['run', 'example-rust:build'], { NX_AVOCADO_STORE: store, TMPDIR: temporary });
      const results = await Promise.all([run(), run()]);
      for (const { code, output } of results) expect(`${code} ${output}`).toMatch(/^0 /);
      await proved('example-rust:compile');
      await proved('example-rust:build');
    }
    workspace.write(main, text);
    expect(left()).toEqual([]);
  });

  test('two workspaces that install the same root into an empty store: one does it', async () => {
    const own = { ...env, NX_AVOCADO_STORE: join(directory, 'empty-store') };
    const roots = ['one', 'two'].map((name) => join(directory, name));
    const both = roots.map((root) => {
      cpSync(workspace.path('small'), join(root, 'small'), { recursive: true });
      return { root, by: new StepProcesses([process.execPath, program], own) };
    });
    const options = { ...installOptions('rootfs'), requests: small };
    const results = await Promise.all(both.map(({ root, by }) => by.run({ root, options, nxJson })));
    both.forEach(({ by }) => by.stop());
    expect(results.map(({ code, output }) => (code === 0 ? '' : output))).toEqual(['', '']);
    const text = results.map(({ output }) => output).join('\n');
    for (const name of ['initramfs', 'rootfs']) {
      expect(text.match(new RegExp(`^· install the ${name} root \\(\\d+ packages\\)$`, 'gm'))).toHaveLength(1);
    }
    const [one, two] = roots.map((root) => readFileSync(join(root, 'small/.avocado/rootfs/sdk.json'), 'utf8'));
    expect(one).toBe(two);
    expect(leftovers(own.NX_AVOCADO_STORE)).toEqual([]);
    expect(readdirSync(temporary)).toEqual([]);
  });
});
