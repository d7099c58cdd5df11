import { spawn } from 'node:child_process';
import {
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { lstatSync, readlinkSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { openRoot } from '@nx-avocado/engine/feed';
import type { RootSpec } from '@nx-avocado/engine/feed';
import { runQemu } from '@nx-avocado/engine/qemu';
import { silentReporter } from '@nx-avocado/engine/report';
import { channelPaths, createDockerRunner } from '@nx-avocado/engine/sdk';
import type { Mount, SdkCommand, SdkRoot } from '@nx-avocado/engine/sdk';
import { storeRoot } from '@nx-avocado/engine/store';
import type { QemuOptions } from '@nx-avocado/engine/task';
import { lockWithItoa } from './support/crate';
import { TestDocker } from './support/docker';
import { overTcp } from './support/hosts';
import { eventually } from './support/processes';
import { toolsRoot } from './support/tools-root';
import { TestWorkspace, repository } from './support/workspace';

/** A daemon that finds nothing where this machine has its workspace and its store, as one of another machine would. */
jest.setTimeout(25 * 60_000);
const runner = createDockerRunner();
const remote = new TestWorkspace('docker-remote');
const local = new TestWorkspace();
const unique = String(Date.now());
let docker: TestDocker;
let host: { address: string; stop(): Promise<void> };
let root: SdkRoot;
let directory: string;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'docker-remote-'));
  root = await toolsRoot();
  for (const workspace of [remote, local]) workspace.reset();
  docker = new TestDocker(true, [directory, remote.root, local.root, storeRoot()]);
  host = await overTcp(docker.address.replace('unix://', ''));
  process.env['DOCKER_HOST'] = host.address;
});
afterAll(async () => {
  for (const workspace of [remote, local]) workspace.reset();
  await host.stop();
  docker.stop();
  rmSync(directory, { recursive: true, force: true });
});

const place = (name: string): string => {
  mkdirSync(join(directory, name), { recursive: true });
  return join(directory, name);
};
const output = async (script: string, mounts: Mount[], more: Partial<SdkCommand> = {}): Promise<string> => {
  const command = { root, argv: ['bash', '-c', script], label: 'a test', mounts, ...more };
  return (await runner.run(command, silentReporter)).stdout.trim();
};

test('inputs go there, read-only, with their modes, times and links', async () => {
  const source = place('in');
  writeFileSync(join(source, 'a'), 'hello', { mode: 0o754 });
  linkSync(join(source, 'a'), join(source, 'b'));
  symlinkSync('nowhere', join(source, 'c'));
  mkdirSync(join(source, 'empty'));
  const mounts = [
    { source, target: '/opt/src' },
    { source: join(source, 'a'), target: '/opt/src/c-file' },
    { source: join(source, 'a'), target: '/etc/a/new-file' },
  ];
  const script =
    'cd /opt/src; ls; cat a c-file /etc/a/new-file; stat -c "%a %h %u" a; readlink c; touch a 2>&1 || touch x 2>&1';
  await expect(output(script, mounts)).rejects.toMatchObject({
    code: 'COMMAND_FAILED',
    output: expect.stringMatching(/a\nb\nc\nc-file\nempty\nhellohellohello754 2 0\nnowhere\n.*Read-only[^]*Read-only/),
  });
  const time = Number(await output('stat -c %Y /opt/src/a', mounts));
  expect(Math.abs(time - statSync(join(source, 'a')).mtimeMs / 1000)).toBeLessThan(2);
});

test('outputs come back whole, and what a command took away is away', async () => {
  const source = place('out');
  writeFileSync(join(source, 'old'), 'old');
  const script = `cd /out; rm old; mkdir -p a/b; echo x > a/b/c; ln a/b/c a/hard; ln -s b/c a/link; chmod 555 a/b
    install -m 4755 /bin/true tool; truncate -s 200M sparse; echo end >> sparse`;
  await output(script, [{ source, target: '/out', writable: true }]);
  expect(existsSync(join(source, 'old'))).toBe(false);
  expect(readFileSync(join(source, 'a/hard'), 'utf8')).toBe('x\n');
  expect(statSync(join(source, 'a/hard')).ino).toBe(statSync(join(source, 'a/b/c')).ino);
  expect(readlinkSync(join(source, 'a/link'))).toBe('b/c');
  expect(statSync(join(source, 'a/b')).mode & 0o7777).toBe(0o555);
  expect(statSync(join(source, 'tool')).mode & 0o7777).toBe(0o4755);
  expect(lstatSync(join(source, 'sparse'))).toMatchObject({ size: 200 * 1024 * 1024 + 4 });
  expect(lstatSync(join(source, 'sparse')).blocks * 512).toBeLessThan(1024 * 1024);
});

test('build state stays there, with what this machine has put over it', async () => {
  const source = place('state');
  const state = { results: ['made/result'] };
  for (const name of ['one', 'two']) writeFileSync(join(source, name), name);
  mkdirSync(join(source, 'made-here'));
  writeFileSync(join(source, 'large'), 'is not sent');
  const run = (script: string, needs: string[]): Promise<string> =>
    output(`cd /state; ${script}`, [{ source, target: '/state', writable: true, needs, state }]);
  expect(await run('ls; mkdir made; echo 1 > made/result; echo 1 > made/other', ['one', 'two', 'made-here/'])).toBe(
    'made-here\none\ntwo',
  );
  expect(readFileSync(join(source, 'made/result'), 'utf8')).toBe('1\n');
  expect(existsSync(join(source, 'made/other'))).toBe(false);
  rmSync(join(source, 'two'));
  expect(await run('ls; cat made/other; rm made/result', ['one'])).toBe('made\none\n1');
  expect(existsSync(join(source, 'made/result'))).toBe(false);
});

test('tools of ours share a container, each with its own files', async () => {
  const source = place('tool');
  const mounts = [{ source, target: '/work/out', writable: true }];
  const starts = await docker.starts(async () => {
    for (const name of ['first', 'second']) {
      expect(await output(`ls /work/out; echo ${name} > /work/out/${name}; ls /work`, mounts, { tool: true })).toBe(
        name === 'first' ? 'out' : 'first\nout',
      );
    }
  });
  expect(starts).toBeLessThanOrEqual(1);
  expect(readFileSync(join(source, 'second'), 'utf8')).toBe('second\n');
});

test('a command that is killed with its process leaves no container', async () => {
  const before = docker.containers();
  const engine = JSON.stringify(join(repository, 'packages/engine/src'));
  const file = join(place('kill'), 'run.cjs');
  writeFileSync(
    file,
    `const { createDockerRunner } = require(${engine} + '/sdk/index.ts');
     const { silentReporter } = require(${engine} + '/report/index.ts');
     const root = ${JSON.stringify(root)}, mounts = [{ source: ${JSON.stringify(place('kill'))}, target: '/x', writable: true }];
     createDockerRunner().run({ root, argv: ['bash', '-c', 'echo half > /x/half; sleep 600'], mounts, label: 'a test' }, silentReporter);`,
  );
  const child = spawn(process.execPath, ['-r', '@swc-node/register', file], {
    ...{ cwd: repository, stdio: 'ignore', env: { ...process.env } },
  });
  const made = (): string[] => docker.containers().filter((id) => !before.includes(id));
  // One for its files, and its own.
  expect(await eventually(made, (ids) => ids.length === 2, 20_000)).toHaveLength(2);
  // What is made and not started yet goes with the next process of ours.
  const running = (): string[] => docker.docker('ps', '--quiet', '--no-trunc').split('\n');
  await eventually(running, (ids) => made().every((id) => ids.includes(id)), 20_000);
  child.kill('SIGKILL');
  expect(await eventually(made, (ids) => ids.length === 0, 20_000)).toEqual([]);
  expect(existsSync(join(directory, 'kill/half'))).toBe(false);
  // A container's own volume goes a moment after it.
  const unused = (): string[] => {
    const names = docker.docker('volume', 'ls', '--quiet', '--filter', 'dangling=true').split('\n');
    return names.filter((name) => /^[0-9a-f]{64}$/.test(name));
  };
  expect(await eventually(unused, (names) => names.length === 0, 10_000)).toEqual([]);
});

test('a started command has its input, output, channels and end; of its sources what it changed comes back', async () => {
  const source = place('sources');
  for (const name of ['changed', 'same', 'gone', 'both']) writeFileSync(join(source, name), name);
  mkdirSync(join(source, 'unsent'));
  writeFileSync(join(source, 'unsent/file'), 'stays');
  const needs = ['changed', 'same', 'gone', 'both'];
  const script = `cd /src; read -r line; echo "$line" >made; echo new >changed; rm gone; mkdir -p a/b; ln -s ../../made a/b/link
    mkdir target; touch target/CACHEDIR.TAG target/large; echo theirs >both
    ls; echo "said $(head -1 <${channelPaths(['c'], 'c').input})" >${channelPaths(['c'], 'c').output}`;
  const mounts = [{ source, target: '/src', writable: true, needs, returns: 'changes' as const }];
  const child = runner.spawn(
    { root, argv: ['bash', '-c', script], mounts, channels: ['c'], env: { PATH: '/usr/bin' }, label: 'a test' },
    'pipe',
  );
  let said = '';
  child.stdout?.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const ended = new Promise((resolve) => {
    child.once('close', resolve);
    child.once('error', resolve);
  });
  const channel = await child.connection?.('c');
  // In the middle of it somebody edits here.
  writeFileSync(join(source, 'both'), 'ours, longer');
  let answer = '';
  channel?.on('data', (chunk: Buffer) => (answer += chunk.toString()));
  channel?.write('hello\n');
  child.stdin?.write('typed\n');
  expect(await ended).toMatchObject({ code: 'DOCKER_SOURCES_CONFLICT', message: expect.stringMatching(/: both$/) });
  expect([said, answer]).toEqual(['a\nboth\nchanged\nmade\nsame\ntarget\n', 'said hello\n']);
  const read = (name: string): string => readFileSync(join(source, name), 'utf8');
  expect(['made', 'changed', 'same', 'both', 'both.from-sdk', 'unsent/file', 'a/b/link'].map(read)).toEqual([
    ...['typed\n', 'new\n', 'same', 'ours, longer', 'theirs\n', 'stays', 'typed\n'],
  ]);
  expect(readdirSync(source).sort()).toEqual(['a', 'both', 'both.from-sdk', 'changed', 'made', 'same', 'unsent']);
});

describe('the examples are the same as in the sandbox', () => {
  const rust = 'examples/rust-vitals/ref-rust';
  const build = async (on: TestWorkspace, ...more: string[]): Promise<Record<string, string>> => {
    const projects = ['heartbeat', 'heartbeat-config', 'example-rust'];
    const { code, output: said, tasks } = await on.nx(['run-many', '-t', 'build', '-p', projects.join(), ...more]);
    if (code !== 0) throw new Error(said);
    return tasks;
  };
  /** Builds in both; of what this daemon's containers made, every image and archive is the sandbox's. */
  const compare = async (...more: string[]): Promise<Record<string, string>> => {
    const tasks = await build(remote, ...more);
    await build(local);
    for (const folder of ['examples/heartbeat/.avocado', 'examples/rust-vitals/.avocado']) {
      const images = Object.entries(remote.outputs(folder)).filter(([path]) => /\.(raw|tar)$/.test(path));
      expect(images.length).toBeGreaterThan(0);
      expect(local.outputs(folder)).toMatchObject(Object.fromEntries(images));
    }
    return tasks;
  };
  const edit = (text: string): void => {
    for (const workspace of [remote, local]) {
      workspace.edit(`${rust}/src/main.rs`, (before) =>
        before.replace('"uptime":{}', `"uptime":{},"${text}":${unique}`),
      );
    }
  };

  beforeAll(() => remote.edit('nx.json', (text) => text.replace('"runner": "sandbox"', '"runner": "docker"')));

  test('by cargo, also after an edit', async () => {
    await compare('--skip-nx-cache');
    edit('edited');
    expect(await compare()).toMatchObject({ 'example-rust:compile': 'ran', 'example-rust:build': 'ran' });
  });

  test('with a package from a registry', async () => {
    for (const workspace of [remote, local]) {
      workspace.edit(`${rust}/Cargo.toml`, (text) =>
        text.replace('[profile', '[dependencies]\nitoa = "=1.0.15"\n\n[profile'),
      );
      workspace.write(`${rust}/Cargo.lock`, lockWithItoa);
      workspace.edit(
        `${rust}/src/main.rs`,
        (text) => `${text}\n#[used]\nstatic PLACE: fn() -> itoa::Buffer = itoa::Buffer::new;\n`,
      );
    }
    expect(await compare()).toMatchObject({ 'example-rust:compile': 'ran' });
  });

  test('down to the OS image and the disk', async () => {
    for (const workspace of [remote, local]) {
      const again = workspace === remote ? ['--skip-nx-cache'] : [];
      const { code, output: said } = await workspace.nx(['run', 'heartbeat-dev:provision', ...again]);
      if (code !== 0) throw new Error(said);
    }
    const folder = 'examples/heartbeat/.avocado/heartbeat-dev';
    expect(Object.keys(remote.outputs(folder)).some((path) => path.endsWith('rootfs.erofs'))).toBe(true);
    expect(remote.outputs(folder)).toEqual(local.outputs(folder));
  });

  test('boots there: a boot test passes, and who logs in on its console is let in', async () => {
    const { code, output: said } = await remote.nx(['run', 'heartbeat-dev:boot-test', '--skip-nx-cache']);
    expect(code === 0 ? '' : said).toBe('');
    const { targets } = (await remote.json(['show', 'project', 'heartbeat-dev'])) as {
      targets: { qemu: { options: QemuOptions } };
    };
    const context = {
      ...{ workspaceRoot: remote.root, reporter: silentReporter, signal: new AbortController().signal, runner },
      openRoot: (spec: RootSpec) => openRoot(spec, { reporter: silentReporter }),
    };
    const terminal = { input: new PassThrough(), output: new PassThrough() };
    let shown = '';
    terminal.output.on('data', (chunk: Buffer) => (shown += chunk.toString()));
    const running = runQemu(targets.qemu.options, context, { terminal });
    const ended = running.then(() => true);
    const see = async (text: string): Promise<void> => {
      const found = eventually(
        () => shown,
        (all) => all.includes(text),
        300_000,
      );
      await Promise.race([found, ended]);
      expect(shown).toContain(text);
    };
    await see('login: ');
    terminal.input.write('root\r');
    await see('~#');
    terminal.input.write('poweroff\r');
    expect(await running).toMatchObject({ code: 0, reason: 'guest-shutdown' });
  });

  test('sdk-run gives its output and what it changed', async () => {
    const script =
      'echo "made by $AVOCADO_TARGET" >made.txt; type -P mkfs.erofs; echo x >$AVOCADO_SDK_PREFIX/build/kept';
    const first = await remote.nx(['run', 'heartbeat-dev:sdk-run', '--', 'bash', '-c', script]);
    expect(`${first.code} ${first.output}`).toMatch(/^0 [^]*\/mkfs\.erofs\n/);
    expect(remote.read('examples/heartbeat/made.txt')).toBe('made by qemux86-64\n');
    const again = ['bash', '-c', 'cat made.txt $AVOCADO_SDK_PREFIX/build/kept'];
    expect((await remote.nx(['run', 'heartbeat-dev:sdk-run', '--', ...again])).output).toMatch(
      /made by qemux86-64\nx\n/,
    );
  });

  test('by scripts, also after an edit', async () => {
    for (const workspace of [remote, local]) {
      workspace.reset();
      workspace.edit(`${rust}/Cargo.toml`, (text) => text.replace(/\[package.metadata.avocado\][^[]*/, ''));
    }
    remote.edit('nx.json', (text) => text.replace('"runner": "sandbox"', '"runner": "docker"'));
    await compare();
    edit('edited_again');
    expect(await compare()).toMatchObject({ 'example-rust:compile': 'ran', 'example-rust:build': 'ran' });
  });
});
