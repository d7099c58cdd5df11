import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { AvocadoError } from '@nx-avocado/engine/error';
import { silentReporter } from '@nx-avocado/engine/report';
import { createSandboxRunner } from '@nx-avocado/engine/sdk';
import type { SdkCommand } from '@nx-avocado/engine/sdk';
import { processesWith } from './support/processes';

/** The real bubblewrap; this machine's own files stand in for an SDK root. */
describe('the sandbox', () => {
  jest.setTimeout(60_000);
  const runner = createSandboxRunner();
  let directory: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'sandbox-'));
    process.env['NX_AVOCADO_STORE'] = join(directory, 'store');
  });
  afterEach(() => {
    delete process.env['NX_AVOCADO_STORE'];
    rmSync(directory, { recursive: true, force: true });
  });

  const sh = (script: string, more: Partial<SdkCommand> = {}): SdkCommand => ({
    root: { digest: 'host', path: '/' },
    argv: ['sh', '-c', script],
    label: 'a test',
    ...more,
  });
  const output = async (script: string, more: Partial<SdkCommand> = {}): Promise<string> =>
    (await runner.run(sh(script, more), silentReporter)).stdout.trim();
  const failure = (promise: Promise<unknown>): Promise<AvocadoError> =>
    promise.then(
      () => Promise.reject(new Error('it succeeded')),
      (error: AvocadoError) => error,
    );

  test('shows the same user, host name, umask and environment to everybody', async () => {
    const umask = process.umask(0o077);
    process.env['LEAKED'] = 'yes';
    try {
      expect(await output('id -u; id -g; cat /proc/sys/kernel/hostname; umask')).toBe('0\n0\navocado-sdk\n0022');
      expect((await output('env', { env: { A: "it's", TZ: 'UTC' } })).split('\n').sort()).toEqual([
        "A=it's",
        'HOME=/root',
        'LC_ALL=C.UTF-8',
        'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
        'PWD=/',
        'SOURCE_DATE_EPOCH=0',
        'TZ=UTC',
      ]);
    } finally {
      process.umask(umask);
      delete process.env['LEAKED'];
    }
  });

  test('has no network, no other processes and no writable root', async () => {
    expect(await output('grep -c : /proc/net/dev')).toBe('1');
    expect(await output('ls -d /proc/[0-9]* | wc -l')).not.toMatch(/^\d{2}/);
    expect((await failure(output('touch /usr/x'))).code).toBe('COMMAND_FAILED');
    expect(await output('touch /tmp/x /run/x ~/x && ls /tmp')).toBe('x');
  });

  test('mounts where the root has nothing, read-only unless writable', async () => {
    mkdirSync(join(directory, 'in'));
    mkdirSync(join(directory, 'out'));
    writeFileSync(join(directory, 'in/a'), 'hello');
    const mounts = [
      { source: join(directory, 'out'), target: '/opt/_avocado/m/build', writable: true },
      { source: join(directory, 'in'), target: '/usr/lib/not/there' },
      { source: join(directory, 'in/a'), target: '/etc/a/new-file' },
    ];
    const script =
      'cp /usr/lib/not/there/a build/b; cat /etc/a/new-file; ls -d /etc/passwd; ! touch /usr/lib/not/there/x';
    expect(await output(script, { mounts, cwd: '/opt/_avocado/m' })).toBe('hello/etc/passwd');
    expect(readFileSync(join(directory, 'out/b'), 'utf8')).toBe('hello');
  });

  test('root inside chowns and writes where the mode forbids it, as in a container', async () => {
    mkdirSync(join(directory, 'out'));
    const mounts = [{ source: join(directory, 'out'), target: '/out', writable: true }];
    await output('cd /out; install -d -m 0555 d; install -o root -g root -m 0000 /etc/hostname d/f; cat d/f', {
      mounts,
    });
    expect(await output('mount -t tmpfs x /mnt 2>/dev/null || echo no')).toBe('no');
  });

  test('a failed command shows its last lines, its log and a short line that runs it again', async () => {
    const error = await failure(output('seq 1 30; echo "$A" >&2; exit 3', { env: { A: "it's $HOME" } }));
    expect(error).toMatchObject({ code: 'COMMAND_FAILED', message: 'a test failed: sh ended with code 3' });
    expect(error.output?.split('\n')).toHaveLength(25);
    expect(error.output).toMatch(/^7\n/);
    const log = readFileSync(error.log ?? '', 'utf8');
    expect(log).toMatch(/^1\n2\n/);
    expect(log).toContain("it's $HOME");
    expect(error.rerun).toBe(`sh ${(error.log ?? '').replace(/\.log$/, '.sh')}`);
    const again = await promisify(execFile)('/bin/sh', ['-c', error.rerun ?? '']).catch((failed: unknown) => failed);
    expect(again).toMatchObject({ code: 3, stderr: "it's $HOME\n" });
  });

  test('streams whole lines, and does not repeat them in the error', async () => {
    const lines: string[] = [];
    const reporter = { ...silentReporter, output: (line: string) => lines.push(line) };
    const error = await failure(runner.run(sh('printf "a\\nb"; exit 1'), reporter, { stream: true }));
    expect(lines).toEqual(['a', 'b']);
    expect(error.output).toBeUndefined();
  });

  test('a program or mount that is missing is named', async () => {
    const nothing = await failure(runner.run({ ...sh(''), argv: ['no-such-program'] }, silentReporter));
    expect(nothing.hint).toContain('no-such-program is not in the SDK');
    const mounts = [{ source: join(directory, 'gone'), target: '/gone' }];
    expect((await failure(output('true', { mounts }))).code).toBe('SDK_MOUNT_MISSING');
  });

  test('an interrupt asks first, then kills the whole tree', async () => {
    mkdirSync(join(directory, 'out'));
    const mounts = [{ source: join(directory, 'out'), target: '/out', writable: true }];
    const polite = 'trap "echo bye > /out/bye; exit 1" TERM; touch /out/started; sleep 1000 & wait';
    const stubborn =
      'trap "" TERM; (trap "" TERM; exec sleep 4242.4242) & touch /out/started; while :; do sleep 0.1; done';
    for (const script of [polite, stubborn]) {
      rmSync(join(directory, 'out/started'), { force: true });
      const abort = new AbortController();
      const running = failure(output(script, { mounts, signal: abort.signal }));
      await eventually(() => existsSync(join(directory, 'out/started')));
      abort.abort();
      expect((await running).code).toBe('ABORTED');
    }
    expect(readFileSync(join(directory, 'out/bye'), 'utf8')).toBe('bye\n');
    expect(processes('4242.4242')).toEqual([]);
  });

  const small = process.getuid?.() === 0 ? test : test.skip;
  if (small === test.skip) process.stdout.write('A full disk is not tried: only root can mount a small one.\n');
  small('a program that waits for ever on a full disk is ended, and the error says why', async () => {
    const disk = join(directory, 'disk');
    mkdirSync(disk);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', disk]);
    try {
      const mounts = [{ source: disk, target: '/out', writable: true }];
      const script = 'cat /dev/zero >/out/file 2>/dev/null; sleep 300';
      expect(await failure(runner.run(sh(script, { mounts }), silentReporter))).toMatchObject({ code: 'DISK_FULL' });
    } finally {
      execFileSync('umount', [disk]);
    }
  });

  test('nothing outlives us, even when we are killed', async () => {
    const script = `
      const { createSandboxRunner } = require('@nx-avocado/engine/sdk');
      createSandboxRunner().spawn(${JSON.stringify(sh('exec sleep 4343.4343'))}, 'pipe');`;
    const file = join(directory, 'parent.cjs');
    writeFileSync(
      file,
      script.replace('@nx-avocado/engine/sdk', join(__dirname, '../packages/engine/src/sdk/index.ts')),
    );
    const parent = spawn(process.execPath, ['-r', '@swc-node/register', file], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const started = await eventually(() => processes('4343.4343').length === 1);
    parent.kill('SIGKILL');
    expect(started).toBe(true);
    expect(await eventually(() => processes('4343.4343').length === 0)).toBe(true);
  });

  test('what bwrap leaves when it is killed while it makes a sandbox is ended by the next run', async () => {
    const left = (): number[] => processesWith(directory);
    const sandbox = ['--unshare-all', '--die-with-parent', '--hostname', 'avocado-sdk', '--ro-bind', '/', '/'];
    // What runs is let alone.
    const other = spawn('bwrap', [...sandbox, '--', 'sh', '-c', `sleep 60; : ${directory}`], { stdio: 'ignore' });
    try {
      expect(await eventually(() => left().length === 3)).toBe(true);
      for (let tries = 0; left().length === 3; tries += 1) {
        expect(tries).toBeLessThan(2000);
        const bwrap = spawn('bwrap', [...sandbox, '--setenv', 'FOR', directory, '--', 'true'], { stdio: 'ignore' });
        const ended = once(bwrap, 'exit');
        const end = performance.now() + 3 * Math.random();
        while (performance.now() < end);
        bwrap.kill('SIGKILL');
        await ended;
        // The sandbox's other processes need a moment to end.
        await delay(10);
      }
      expect(left()).toHaveLength(4);
      await createSandboxRunner().run(sh('true'), silentReporter);
      expect(await eventually(() => left().length === 3)).toBe(true);
      expect(other.exitCode).toBeNull();
    } finally {
      other.kill('SIGKILL');
    }
  });

  test('a command that shares the terminal cannot type into it', async () => {
    const probe = 'ioctl(STDIN, 0x5412, my $key = "x") ? print "typed" : print $!+0, "\n"';
    const parent = `
      const { createSandboxRunner } = require(${JSON.stringify(join(__dirname, '../packages/engine/src/sdk/index.ts'))});
      const command = ${JSON.stringify({ ...sh(''), argv: ['perl', '-e', probe] })};
      createSandboxRunner().spawn(command, 'inherit');`;
    const file = join(directory, 'parent.cjs');
    writeFileSync(file, parent);
    const line = `${process.execPath} -r @swc-node/register ${file}`;
    const { stdout } = await promisify(execFile)('script', ['-qec', line, '/dev/null']);
    expect(stdout.trim()).toBe('1');
  });
});

/** Ids of the processes that are `sleep <text>`. */
function processes(text: string): string[] {
  return readdirSync('/proc').filter((id) => {
    try {
      return /^\d+$/.test(id) && readFileSync(`/proc/${id}/cmdline`, 'utf8') === `sleep\0${text}\0`;
    } catch {
      return false;
    }
  });
}

/** Whether `holds` becomes true within 20 s. */
async function eventually(holds: () => boolean): Promise<boolean> {
  for (const end = Date.now() + 20_000; Date.now() < end; await new Promise((resolve) => setTimeout(resolve, 20))) {
    if (holds()) return true;
  }
  return false;
}
