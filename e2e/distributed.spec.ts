import { execFile, execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { globSync } from 'tinyglobby';
import { shardScript } from '../packages/nx-avocado/src/generators/ci-workflow/shard';
import { cleanEnvironment } from './support/nx';
import { eventually } from './support/processes';
import { RemoteCache } from './support/remote-cache';
import { TestWorkspace } from './support/workspace';

/**
 * One product on several machines: agents in clones of their own, each with an empty cache, run what `nx-avocado plan`
 * deals out to them, as the workflow of `ci-workflow` does. They share nothing but the remote cache, and this machine's
 * packages.
 */
const workspace = new TestWorkspace('distributed', ['examples', 'e2e', 'tools', 'docs']);
const scratch = mkdtempSync(join(tmpdir(), 'nx-avocado-agents-'));
const quiet = { NX_DAEMON: 'false', NX_ISOLATE_PLUGINS: 'false', NX_TUI: 'false', NO_COLOR: '1' };

const names = Array.from({ length: 40 }, (_, index) => `ext${String(index).padStart(2, '0')}`);
const runtimes = ['dev0', 'dev1', 'dev2', 'dev3'];
/** Made by scripts; the others are files as they are. */
const compiled = ['ext11', 'ext22'];

/** Each runtime has ten extensions of its own, and all have the first. */
function avocadoYaml(): string {
  const section = (name: string): string =>
    compiled.includes(name)
      ? `  ${name}: { version: 1.0.0, packages: { ${name}-app: { compile: ${name}, install: install.sh } } }\n`
      : `  ${name}: { version: 1.0.0, overlay: overlay/${name} }\n`;
  const runtime = (name: string, index: number): string => {
    const extensions = [...new Set(['ext00', ...names.slice(10 * index, 10 * index + 10)])];
    return `  ${name}: { extensions: [${extensions.join(', ')}], packages: { avocado-runtime: '*' } }\n`;
  };
  return `default_target: qemux86-64
supported_targets: [qemux86-64]
runtimes:
${runtimes.map(runtime).join('')}extensions:
${names.map(section).join('')}sdk:
  compile:
${compiled.map((name) => `    ${name}: { compile: compile.sh }\n`).join('')}`;
}

function git(cwd: string, ...args: string[]): void {
  const identity = ['-c', 'user.name=test', '-c', 'user.email=test@localhost', '-c', 'commit.gpgsign=false'];
  execFileSync('git', [...identity, ...args], { cwd, stdio: ['ignore', 'ignore', 'pipe'] });
}

interface Shard {
  name: string;
  runs: string;
}
let stages: { shard: Shard[] }[];
let cache: RemoteCache;

jest.setTimeout(15 * 60_000);

beforeAll(async () => {
  cache = await RemoteCache.start();
  workspace.reset();
  for (const path of ['.git', '.nx', 'os']) rmSync(workspace.path(path), { recursive: true, force: true });
  workspace.write('os/avocado.yaml', avocadoYaml());
  for (const name of names.filter((one) => !compiled.includes(one))) {
    workspace.write(`os/overlay/${name}/etc/${name}.conf`, `name=${name}\n`);
  }
  workspace.write('os/compile.sh', 'echo made > made.txt\n');
  workspace.write('os/install.sh', 'install -D -m 0644 made.txt "$AVOCADO_BUILD_EXT_SYSROOT/usr/share/made.txt"\n');
  const { code, output } = await workspace.nx(['g', 'nx-avocado:lock']);
  if (code !== 0) throw new Error(output);
  git(workspace.root, 'init', '--quiet');
  workspace.write('.git/info/exclude', 'node_modules\n');
  git(workspace.root, 'add', '--all');
  git(workspace.root, 'commit', '--quiet', '--message', 'Everything');
  const plan = await avocado(workspace.root, ['plan', '--all', '--targets=build,provision', '--shards=4']);
  stages = (JSON.parse(plan) as { stages: { shard: Shard[] }[] }).stages;
});

afterAll(async () => {
  for (const agent of started) agent.kill();
  await cache.stop();
  rmSync(scratch, { recursive: true, force: true });
});

/** `npx nx-avocado`. @returns what it wrote to standard output */
function avocado(cwd: string, args: string[]): Promise<string> {
  const program = join(cwd, 'packages/nx-avocado/bin/nx-avocado.mjs');
  return new Promise((resolve, reject) => {
    execFile(
      process.execPath,
      [program, ...args],
      { cwd, env: { ...cleanEnvironment(), ...quiet } },
      (error, out, err) => (error ? reject(new Error(`${out}${err}`)) : resolve(out)),
    );
  });
}

interface TaskRun {
  taskId: string;
  hash: string;
  cacheStatus: string;
}

const started: Agent[] = [];

/** One job of the matrix, on a machine that has nothing yet. */
class Agent {
  readonly root: string;
  readonly ended: Promise<string>;
  private readonly process: ChildProcess;

  constructor(name: string, { runs }: Shard) {
    this.root = join(scratch, name);
    git(scratch, 'clone', '--quiet', workspace.root, this.root);
    for (const path of ['node_modules', 'packages/engine/node_modules', 'packages/nx-avocado/node_modules']) {
      if (!existsSync(workspace.path(path))) continue;
      cpSync(workspace.path(path), join(this.root, path), { recursive: true, verbatimSymlinks: true });
    }
    mkdirSync(join(this.root, '.nx/records'), { recursive: true });
    // Each command of Nx writes what its tasks did over what the one before wrote.
    const record = 'cp .nx/cache/run.json ".nx/records/$(ls .nx/records | wc -l).json"';
    const nx = `nx() { node ${nxOf(this.root)} "$@" && ${record}; }`;
    // Nx's own client knows no other authorities than the system's.
    const remote = { ...cache.env(cache.writeToken), NODE_TLS_REJECT_UNAUTHORIZED: '0' };
    const env = { ...cleanEnvironment(), ...quiet, ...remote, NX_PARALLEL: '1', RUNS: runs };
    const script = [nx, ...shardScript('nx')].join('\n');
    // A process group of its own, which is what is killed.
    this.process = spawn('bash', ['-eo', 'pipefail', '-c', script], { cwd: this.root, env, detached: true });
    started.push(this);
    let output = '';
    for (const stream of [this.process.stdout, this.process.stderr])
      stream?.on('data', (part) => (output += String(part)));
    this.ended = new Promise((resolve) =>
      this.process.on('close', (code, signal) => resolve(code === 0 ? 'done' : (signal ?? `${code}\n${output}`))),
    );
  }

  /** Whatever of it still runs. */
  kill(): void {
    if (this.process.exitCode === null && this.process.signalCode === null) process.kill(-this.process.pid!, 'SIGKILL');
  }

  /** What its tasks did, but for `config`, which does nothing. */
  tasks(): TaskRun[] {
    const records = readdirSync(join(this.root, '.nx/records')).sort();
    return records
      .flatMap((file) => {
        const text = readFileSync(join(this.root, '.nx/records', file), 'utf8');
        return (JSON.parse(text) as { tasks: TaskRun[] }).tasks;
      })
      .filter(({ taskId }) => !taskId.endsWith(':config'));
  }

  ran(): string[] {
    return this.of('cache-miss');
  }

  fromRemote(): string[] {
    return this.of('remote-cache-hit');
  }

  private of(status: string): string[] {
    return this.tasks().flatMap(({ taskId, cacheStatus }) => (cacheStatus === status ? [taskId] : []));
  }
}

function nxOf(root: string): string {
  const { bin } = JSON.parse(readFileSync(join(root, 'node_modules/nx/package.json'), 'utf8')) as {
    bin: { nx: string };
  };
  return join('node_modules/nx', bin.nx);
}

const built = (agent: Agent): number =>
  globSync('os/.avocado/*/*/*/manifest.json', { cwd: agent.root, dot: true }).length;

const all = [
  ...names.flatMap((name) => ['sdk-install', 'build'].map((task) => `${name}:${task}`)),
  ...compiled.map((name) => `${name}:compile`),
  ...runtimes.flatMap((name) => ['sdk-install', 'rootfs', 'build', 'provision'].map((task) => `${name}:${task}`)),
].sort();

let lost: Agent;
let again: Agent;
let agents: Agent[];

test('two stages of four agents: what runtimes are made of, then the runtimes', () => {
  expect(stages.map(({ shard }) => shard.length)).toEqual([4, 4]);
  expect(stages[1]?.shard.map(({ runs }) => runs)).toEqual(runtimes.map((name) => `provision ${name}`));
});

test('an agent that is killed loses the task at hand: in another clone, only what it had not stored runs', async () => {
  const [first, ...others] = stages[0]!.shard;
  lost = new Agent('lost', first!);
  const rest = others.map((shard, index) => new Agent(`first-${index}`, shard));
  const state = await Promise.race([
    lost.ended,
    eventually(
      () => built(lost),
      (count) => count >= 5,
      600_000,
    ),
  ]);
  expect(state).toBeGreaterThanOrEqual(5);
  lost.kill();
  expect(await lost.ended).toBe('SIGKILL');
  const stored = cache.stored();
  expect(await Promise.all(rest.map(({ ended }) => ended))).toEqual(rest.map(() => 'done'));
  again = new Agent('again', first!);
  expect(await again.ended).toBe('done');
  const kept = again.tasks().filter(({ hash }) => stored.includes(hash));
  expect(kept.length).toBeGreaterThanOrEqual(3);
  expect(again.fromRemote().sort()).toEqual(kept.map(({ taskId }) => taskId).sort());
  expect(again.ran().length).toBeGreaterThan(0);
  agents = [...rest, again];
});

test('the next stage takes everything from the others', async () => {
  const second = stages[1]!.shard.map((shard, index) => new Agent(`second-${index}`, shard));
  expect(await Promise.all(second.map(({ ended }) => ended))).toEqual(second.map(() => 'done'));
  expect(second.map((agent) => agent.ran().sort())).toEqual(
    runtimes.map((name) => [`${name}:build`, `${name}:provision`]),
  );
  agents.push(...second);
});

test('no task ran twice', () => {
  // What the lost agent had stored ran there.
  expect([...agents.flatMap((agent) => agent.ran()), ...again.fromRemote()].sort()).toEqual(all);
  const uploads = cache.log().filter(({ method, status }) => method === 'PUT' && status < 300);
  expect(new Set(uploads.map(({ hash }) => hash)).size).toBe(uploads.length);
});

test('every runtime’s disk is there, and all that it is made of is as it was written', async () => {
  for (const [index, name] of runtimes.entries()) {
    const { root } = agents.at(index - runtimes.length)!;
    expect(existsSync(join(root, `os/.avocado/${name}/qemux86-64/provision/disk.json`))).toBe(true);
    expect(await avocado(root, ['verify'])).toContain('all as they were written');
  }
});
