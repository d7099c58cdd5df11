import { execFile, execFileSync, spawn } from 'node:child_process';
import {
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { AvocadoError } from '@nx-avocado/engine/error';
import { silentReporter } from '@nx-avocado/engine/report';
import { createDockerRunner, createSandboxRunner } from '@nx-avocado/engine/sdk';
import type { SdkCommand, SdkRoot } from '@nx-avocado/engine/sdk';
import { TestDocker } from './support/docker';
import { eventually } from './support/processes';
import { toolsRoot } from './support/tools-root';
import { repository } from './support/workspace';

/** The real daemon, the real tools root of the debian feed. */
jest.setTimeout(300_000);
const runner = createDockerRunner();
let docker: TestDocker;
let root: SdkRoot;
let directory: string;

beforeAll(async () => {
  docker = new TestDocker();
  root = await toolsRoot();
});
afterAll(() => docker.stop());
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'docker-'));
  process.env['NX_AVOCADO_STORE'] = join(directory, 'store');
});
afterEach(() => {
  delete process.env['NX_AVOCADO_STORE'];
  rmSync(directory, { recursive: true, force: true });
});

const sh = (script: string, more: Partial<SdkCommand> = {}): SdkCommand => ({
  ...{ root, argv: ['bash', '-c', script], label: 'a test' },
  ...more,
});
const output = async (script: string, more: Partial<SdkCommand> = {}): Promise<string> =>
  (await runner.run(sh(script, more), silentReporter)).stdout.trim();
const failure = (promise: Promise<unknown>): Promise<AvocadoError> =>
  promise.then(
    () => Promise.reject(new Error('it succeeded')),
    (error: AvocadoError) => error,
  );
const out = (): { source: string; target: string; writable: true } => {
  mkdirSync(join(directory, 'out'), { recursive: true });
  return { source: join(directory, 'out'), target: '/out', writable: true };
};

describe('a command', () => {
  test('sees what it sees in the sandbox: user, host name, umask, environment', async () => {
    const script =
      'id -u; id -g; cat /proc/sys/kernel/hostname; umask; pwd; env | sort; ls /opt /home /root /run; date';
    const command = sh(script, { env: { A: "it's", TZ: 'UTC' } });
    const [inDocker, inSandbox] = await Promise.all(
      [runner, createSandboxRunner()].map((one) => one.run(command, silentReporter)),
    );
    const comparable = (text = ''): string =>
      text.replace(/^.*\d\d:\d\d:\d\d.*$/m, '').replaceAll('_=/usr/bin/env', '');
    expect(comparable(inDocker?.stdout)).toBe(comparable(inSandbox?.stdout));
  });

  test('has no network, no device, no privilege and no writable root', async () => {
    expect(await output('grep -c : /proc/net/dev')).toBe('1');
    expect(await output("grep -E 'CapEff|CapBnd|NoNewPrivs|Seccomp:' /proc/self/status")).toBe(
      'CapEff:\t000000000000001b\nCapBnd:\t000000000000001b\nNoNewPrivs:\t1\nSeccomp:\t2',
    );
    expect(await output('ls /dev | grep -E "kvm|^sd|^vd|mem" || echo none')).toBe('none');
    for (const path of ['/usr/x', '/etc/x', '/x']) {
      expect((await failure(output(`touch ${path}`))).code).toBe('COMMAND_FAILED');
    }
    expect(await output('touch /tmp/x /run/x ~/x && ls /tmp')).toBe('x');
    const [id = ''] = docker.containers();
    const { HostConfig: host } = (
      JSON.parse(docker.docker('inspect', id)) as { HostConfig: Record<string, unknown> }[]
    )[0]!;
    expect(host).toMatchObject({ Privileged: false, NetworkMode: 'none', ReadonlyRootfs: true, AutoRemove: true });
    expect(host['Devices'] ?? []).toEqual([]);
  });

  test("has what the project's container_args ask for, and says so", async () => {
    const notices: string[] = [];
    const reporter = { ...silentReporter, notice: (message: string) => notices.push(message) };
    const containerArgs = ['--cap-add=NET_RAW', '-v', '/dev:/host-dev:ro', '-e', 'ASKED=yes'];
    const script = 'grep CapEff /proc/self/status; ls -d /host-dev/null; echo $ASKED';
    const { stdout } = await runner.run(sh(script, { containerArgs }), reporter);
    expect(stdout).toBe('CapEff:\t000000000000201b\n/host-dev/null\nyes\n');
    expect(notices).toEqual([`a test runs with the project's container_args: ${containerArgs.join(' ')}`]);
  });

  test('with network reaches names', async () => {
    const names = await output('grep -c nameserver /etc/resolv.conf; grep -c : /proc/net/dev', { network: true });
    expect(names).toMatch(/^[1-9]\d*\n2$/);
  });

  test('has what it declares where the root has nothing, read-only unless writable', async () => {
    mkdirSync(join(directory, 'in'));
    writeFileSync(join(directory, 'in/a'), 'hello');
    const mounts = [
      { ...out(), target: '/opt/_avocado/m/build' },
      { source: join(directory, 'in'), target: '/opt/src' },
      { source: join(directory, 'in/a'), target: '/etc/a/new-file' },
    ];
    const script = 'cp /opt/src/a build/b; cat /etc/a/new-file; ls -d /etc/passwd; ! touch /opt/src/x 2>&1';
    expect(await output(script, { mounts, cwd: '/opt/_avocado/m' })).toMatch(/^hello\/etc\/passwd\n.*Read-only/);
    expect(readFileSync(join(directory, 'out/b'), 'utf8')).toBe('hello');
  });

  test('chowns and writes where the mode forbids it', async () => {
    const script = 'cd /out; install -d -m 0555 d; install -o root -g root -m 0000 /etc/hostname d/f; cat d/f';
    await output(script, { mounts: [out()] });
  });

  test('that fails shows its last lines, its log and a short line that runs it again', async () => {
    const error = await failure(output('seq 1 30; echo "$A" >&2; exit 3', { env: { A: "it's $HOME" } }));
    expect(error).toMatchObject({ code: 'COMMAND_FAILED', message: 'a test failed: bash ended with code 3' });
    expect(error.output?.split('\n')).toHaveLength(25);
    // Which of the two streams comes first is not said.
    expect(readFileSync(error.log ?? '', 'utf8')).toMatch(/^(it's .*\n)?1\n2\n/);
    const again = await promisify(execFile)('/bin/sh', ['-c', error.rerun ?? '']).catch((failed: unknown) => failed);
    expect(again).toMatchObject({ code: 3, stderr: "it's $HOME\n" });
  });

  test('that is missing, or needs a mount that is, is named', async () => {
    const nothing = await failure(runner.run({ ...sh(''), argv: ['no-such-program'] }, silentReporter));
    expect(nothing.hint).toContain('no-such-program is not in the SDK');
    const mounts = [{ source: join(directory, 'gone'), target: '/gone' }];
    expect((await failure(output('true', { mounts }))).code).toBe('SDK_MOUNT_MISSING');
  });

  test('that is interrupted is asked first, then killed with all it started', async () => {
    const polite = 'trap "echo bye > /out/bye; exit 1" TERM; touch /out/started; sleep 1000 & wait';
    const stubborn = 'trap "" TERM; (trap "" TERM; exec sleep 1000) & touch /out/started; while :; do sleep 0.1; done';
    for (const script of [polite, stubborn]) {
      rmSync(join(directory, 'out/started'), { force: true });
      const abort = new AbortController();
      const running = failure(output(script, { mounts: [out()], signal: abort.signal }));
      await eventually(() => existsSync(join(directory, 'out/started')), Boolean, 20_000);
      abort.abort();
      expect((await running).code).toBe('ABORTED');
    }
    expect(readFileSync(join(directory, 'out/bye'), 'utf8')).toBe('bye\n');
  });
});

describe('containers', () => {
  test('one serves commands of a kind; what one left running is not there for the next', async () => {
    const env = { WHICH: 'warm' };
    expect(
      await docker.starts(async () => {
        const network = { network: true };
        for (let i = 0; i < 5; i++) await output('echo $WHICH', { env, ...network });
        await output('sleep 1000 >/dev/null 2>&1 &', network);
        expect(await output('grep -lz ^[s]leep /proc/[0-9]*/cmdline || true', network)).not.toMatch(/\/proc\/\d+/);
      }),
    ).toBeLessThanOrEqual(2);
  });

  test('a tool of ours joins another command in its root; nobody else does', async () => {
    const temporary = join(directory, `store/work/.tmp-work-${process.pid}-0123456789ab`);
    mkdirSync(join(temporary, 'tree'), { recursive: true });
    writeFileSync(join(temporary, 'tree/file'), 'content');
    const compile = { mounts: [{ ...out(), target: '/opt/src' }], network: true };
    const tool = {
      tool: true,
      network: true,
      mounts: [{ source: join(temporary, 'tree'), target: '/work/tree', writable: true }],
    };
    const starts = await docker.starts(async () => {
      await output('touch /opt/src/made', compile);
      expect(await output('cat /work/tree/file; touch /work/tree/packed', tool)).toBe('content');
      expect(await output('ls /work', compile)).toBe('');
    });
    expect(starts).toBe(1);
    expect(readdirSync(join(temporary, 'tree')).sort()).toEqual(['file', 'packed']);
    // A script is not shown what another one declared.
    expect(await output('ls /opt', { network: true })).toBe('');
  });

  test('are gone when their process is, even when it is killed', async () => {
    const file = join(directory, 'parent.cjs');
    const started = join(directory, 'out/started');
    const command = sh('touch /out/started; exec sleep 4343', { mounts: [out()] });
    writeFileSync(
      file,
      `const { createDockerRunner } = require(${JSON.stringify(join(repository, 'packages/engine/src/sdk/index.ts'))});
       createDockerRunner().spawn(${JSON.stringify(command)}, 'pipe');`,
    );
    const before = docker.containers();
    const parent = spawn(process.execPath, ['-r', '@swc-node/register', file], {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: process.env,
    });
    expect(await eventually(() => existsSync(started), Boolean, 20_000)).toBe(true);
    const made = docker.containers().filter((id) => !before.includes(id));
    expect(made).toHaveLength(1);
    parent.kill('SIGKILL');
    const left = (): string[] => docker.containers().filter((id) => made.includes(id));
    expect(await eventually(left, (ids) => ids.length === 0, 20_000)).toEqual([]);
  });

  test('one that is killed from outside gives a clear error, and the next command works', async () => {
    const running = failure(output('touch /out/started; sleep 1000', { mounts: [out()] }));
    await eventually(() => existsSync(join(directory, 'out/started')), Boolean, 20_000);
    docker.docker('kill', ...docker.containers());
    expect(await running).toMatchObject({
      code: 'DOCKER_CONTAINER_ENDED',
      hint: expect.stringContaining('run the task again'),
    });
    expect(await output('echo again', { mounts: [out()] })).toBe('again');
  });
});

test('a started command has its input, output and end', async () => {
  const child = runner.spawn({ root, argv: ['cat'], label: 'cat' }, 'pipe');
  let said = '';
  child.stdout?.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const code = new Promise((resolve) => child.once('close', resolve));
  child.stdin?.end('hello');
  expect([await code, said]).toEqual([0, 'hello']);
});

/** Runs a script that has `runner`, `root` and `directory`, as another user where this one is root. */
async function asUser(script: string, env: Record<string, string> = {}): Promise<string> {
  const file = join(directory, 'user.cjs');
  const engine = JSON.stringify(join(repository, 'packages/engine/src'));
  writeFileSync(
    file,
    `const { createDockerRunner } = require(${engine} + '/sdk/index.ts');
     const { silentReporter } = require(${engine} + '/report/index.ts');
     const runner = createDockerRunner(), directory = ${JSON.stringify(directory)};
     (async () => { ${script} })().catch((error) => console.log(error.code));`,
  );
  const [program, ...args] = [process.execPath, '-r', '@swc-node/register', file];
  const user = ['--reuid=12345', '--regid=12345', `--groups=${env['GROUP'] ?? '12345'}`];
  const words = process.getuid?.() === 0 ? ['setpriv', ...user, program, ...args] : [program, ...args];
  const options = { cwd: repository, env: { ...process.env, NX_AVOCADO_STORE: join(directory, 'user'), ...env } };
  return (await promisify(execFile)(words[0] ?? '', words.slice(1), options)).stdout.trim();
}

describe('for a user who is not root', () => {
  /** An image, because a root of another user's store cannot be read. */
  const image = (): string => {
    const tar = join(directory, 'root.tar');
    execFileSync('tar', ['--create', `--file=${tar}`, `--directory=${root.path}`, '.']);
    return docker.docker('import', tar);
  };

  test('output is his, set-user-id programs and links included', async () => {
    const id = image();
    const socket = docker.address.replace('unix://', '');
    chownSync(directory, 12345, 12345);
    const script = `
      require('fs').mkdirSync(directory + '/mine');
      const mounts = [{ source: directory + '/mine', target: '/out', writable: true }];
      const make = 'id -u; mkdir -p /out/a/b; echo x > /out/a/b/c; ln -s nowhere /out/link; install -m 4755 /bin/true /out/tool';
      const command = { root: { digest: 'an-image', path: '', image: '${id}' }, argv: ['bash', '-c', make], mounts, label: 'a test' };
      console.log((await runner.run(command, silentReporter)).stdout.trim());`;
    expect(await asUser(script, { GROUP: String(statSync(socket).gid) })).toBe('0');
    const mine = join(directory, 'mine');
    const owner = process.getuid?.() === 0 ? 12345 : process.getuid?.();
    const found = execFileSync('find', [mine, '-mindepth', '1', '-printf', '%P %U %m\n'], { encoding: 'utf8' })
      .trim()
      .split('\n')
      .sort();
    expect(found).toEqual(
      ['a OWNER 755', 'a/b OWNER 755', 'a/b/c OWNER 644', 'link OWNER 777', 'tool OWNER 4755'].map((line) =>
        line.replace('OWNER', String(owner)),
      ),
    );
  });

  test('who may not use the daemon, that is said', async () => {
    chownSync(directory, 12345, 12345);
    const run = `await runner.run({ root: { digest: 'x', path: '', image: 'x' }, argv: ['true'], label: 'a test' }, silentReporter);`;
    expect(await asUser(run, process.getuid?.() === 0 ? {} : { DOCKER_HOST: 'unix:///nowhere/docker.sock' })).toMatch(
      process.getuid?.() === 0 ? 'DOCKER_PERMISSION_DENIED' : 'DOCKER_UNREACHABLE',
    );
  });
});

test('no daemon is an error that says what to do', async () => {
  process.env['DOCKER_HOST'] = `unix://${directory}/none.sock`;
  try {
    const error = await failure(output('true'));
    expect(error).toMatchObject({
      code: 'DOCKER_UNREACHABLE',
      hint: expect.stringContaining('systemctl start docker'),
    });
    expect(error.message).toContain('(DOCKER_HOST)');
  } finally {
    process.env['DOCKER_HOST'] = docker.address;
  }
});
