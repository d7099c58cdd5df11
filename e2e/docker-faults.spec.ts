import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AvocadoError } from '@nx-avocado/engine/error';
import { silentReporter } from '@nx-avocado/engine/report';
import { createDockerRunner } from '@nx-avocado/engine/sdk';
import type { SdkCommand, SdkRoot } from '@nx-avocado/engine/sdk';
import { TestDocker } from './support/docker';
import { cleanEnvironment } from './support/nx';
import { eventually, processesWith, programOf } from './support/processes';
import { toolsRoot } from './support/tools-root';
import { TestWorkspace } from './support/workspace';

/** A daemon of its own, because it is killed. */
jest.setTimeout(600_000);
let docker: TestDocker;
let root: SdkRoot;
let directory: string;

beforeAll(async () => {
  docker = new TestDocker(true);
  root = await toolsRoot();
});
afterAll(() => docker.stop());

describe('the daemon', () => {
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'docker-faults-'));
    mkdirSync(join(directory, 'out'));
    process.env['NX_AVOCADO_STORE'] = join(directory, 'store');
  });
  afterEach(() => {
    delete process.env['NX_AVOCADO_STORE'];
    rmSync(directory, { recursive: true, force: true });
  });

  test('killed in the middle of a command and started again: a clear error, nothing left, the next command works', async () => {
    const runner = createDockerRunner();
    const mounts = [{ source: join(directory, 'out'), target: '/out', writable: true }];
    const command = (script: string): SdkCommand => ({ root, argv: ['bash', '-c', script], mounts, label: 'a test' });
    const running = runner.run(command('touch /out/started; sleep 4244'), silentReporter).then(
      () => 'it succeeded',
      (error: AvocadoError) => error,
    );
    await eventually(() => existsSync(join(directory, 'out/started')), Boolean, 20_000);
    docker.kill();
    expect(await running).toMatchObject({
      code: 'DOCKER_CONNECTION_LOST',
      message: 'the Docker daemon went away while a test ran',
      hint: expect.stringContaining(docker.address),
    });
    docker.start();
    expect(
      await eventually(
        () => docker.containers(),
        (ids) => ids.length === 0,
        20_000,
      ),
    ).toEqual([]);
    expect((await runner.run(command('echo again'), silentReporter)).stdout).toBe('again\n');
  });
});

describe('a build', () => {
  const workspace = new TestWorkspace('docker');
  const output = 'examples/heartbeat/.avocado/heartbeat-app/qemux86-64/build';
  const slow = '#!/bin/sh\ntouch "$AVOCADO_BUILD_EXT_SYSROOT/usr/share/started"\n';
  /** Temporary directories beside the output: what was half done. */
  const leftovers = (): string[] =>
    readdirSync(workspace.path(join(output, '..'))).filter((name) => name.startsWith('.tmp-'));

  beforeAll(() => {
    workspace.reset();
    workspace.edit('nx.json', (text) => text.replace('"runner": "sandbox"', '"runner": "docker"'));
  });
  afterAll(() => workspace.reset());

  test.each([
    ['Nx is killed', 'SIGKILL'],
    ['Ctrl-C', 'SIGINT'],
    ['the container is killed', 'docker kill'],
  ])(
    '%s in the middle of it: the last output stays, no container is left, the next run succeeds',
    async (_what, how) => {
      const build = (): ReturnType<TestWorkspace['nx']> => workspace.nx(['run', 'heartbeat-app:build']);
      const script = 'examples/heartbeat/post-build.sh';
      workspace.write(script, '#!/bin/sh\n');
      const edit = 'heartbeat-app:\n    types:';
      if (!workspace.read('examples/heartbeat/avocado.yaml').includes('post_build')) {
        workspace.edit('examples/heartbeat/avocado.yaml', (text) =>
          text.replace(edit, `heartbeat-app:\n    post_build: post-build.sh\n    types:`),
        );
      }
      const before = await build();
      expect(`${before.code} ${before.output}`).toMatch(/^0 /);
      // This process's own, of the test before.
      const others = docker.containers();
      const left = leftovers();
      const ours = (): string[] => docker.containers().filter((id) => !others.includes(id));
      const manifest = workspace.digest(`${output}/manifest.json`);

      workspace.write(script, `${slow}sleep 4245\n`);
      const nx = spawn(
        process.execPath,
        [workspace.path('node_modules/nx/dist/bin/nx.js'), 'run', 'heartbeat-app:build'],
        {
          cwd: workspace.root,
          env: { ...cleanEnvironment(), NX_DAEMON: 'false', NX_ISOLATE_PLUGINS: 'false', NX_TUI: 'false' },
          // Ctrl-C goes to the whole group.
          detached: true,
          stdio: ['ignore', 'pipe', 'pipe'],
        },
      );
      let said = '';
      for (const stream of [nx.stdout, nx.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
      const ended = new Promise((resolve) => nx.once('close', resolve));
      const isRunning = (): boolean => processesWith('4245').some((pid) => programOf(pid) === 'sleep');
      expect(await eventually(isRunning, Boolean, 60_000)).toBe(true);
      if (how === 'docker kill') docker.docker('kill', ...ours());
      else process.kill(-(nx.pid as number), how as NodeJS.Signals);
      await ended;

      expect(await eventually(ours, (ids) => ids.length === 0, 20_000)).toEqual([]);
      if (how === 'docker kill') expect(said).toContain('was ended from outside [DOCKER_CONTAINER_ENDED]');
      expect(workspace.digest(`${output}/manifest.json`)).toBe(manifest);
      workspace.write(script, '#!/bin/sh\necho again\n');
      const after = await build();
      expect(`${after.code} ${after.output}`).toMatch(/^0 /);
      // What a process that was killed left is removed by a later run.
      if (how !== 'SIGKILL') expect(leftovers().filter((name) => !left.includes(name))).toEqual([]);
    },
  );
});
