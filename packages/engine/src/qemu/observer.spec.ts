import { spawn, spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, connect } from 'node:net';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { commandLine, commandLineCredentials } from './credentials';
import { machineModel } from './machine';
import { Observer, greeting, observerCredentials } from './observer';

test('a unit with a script for systemd, and what starts it', () => {
  const [unit, dropIn] = observerCredentials();
  expect(unit?.name).toBe('systemd.extra-unit.avocado-observer.service');
  const script = /^ExecStart=\/bin\/sh -c '(.*)'$/m.exec(unit?.text ?? '')?.[1] ?? '';
  // Every dollar is doubled, no percent sign and no quote is in the way of systemd.
  expect(script.replaceAll('$$', '')).not.toMatch(/[$%']/);
  expect(spawnSync('/bin/sh', ['-n', '-c', script.replaceAll('$$', '$')]).status).toBe(0);
  expect(dropIn?.text).toBe('[Unit]\nWants=avocado-observer.service\n');
});

test('it leaves most of the kernel command line to the machine where it must travel there', () => {
  const added = commandLineCredentials(machineModel('qemuarm64'), observerCredentials());
  expect(commandLine(added).length).toBeLessThan(1100);
});

/** A real shell at the other end of the socket, as in the guest. */
async function withShell(use: (observer: Observer, far: Socket) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'observer-'));
  const path = join(directory, 's');
  const server = createServer();
  const connected = new Promise<Socket>((resolve) => server.once('connection', resolve));
  await new Promise<void>((resolve) => server.listen(path, resolve));
  const near = connect(path);
  const far = await connected;
  const shell = spawn('/bin/sh', ['-c', `echo noise of firmware; echo ${greeting}; exec /bin/sh`], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  far.pipe(shell.stdin);
  shell.stdout.pipe(far);
  try {
    await use(new Observer(near), far);
  } finally {
    shell.kill('SIGKILL');
    near.destroy();
    far.destroy();
    server.close();
    await rm(directory, { recursive: true });
  }
}

test('commands run one after another, each with its output and code', () =>
  withShell(async (observer) => {
    expect(observer.alive).toBe(false);
    const results = await Promise.all([
      observer.run('sleep 0.05; echo one; echo no >&2'),
      observer.run('printf two; (exit 3)'),
      observer.run('cat'),
    ]);
    expect(results).toEqual([
      { code: 0, output: 'one\nno\n' },
      { code: 3, output: 'two' },
      { code: 0, output: '' },
    ]);
    expect(observer.alive).toBe(true);
  }));

test('an answer that comes too late is not taken for the next one', () =>
  withShell(async (observer) => {
    await expect(observer.run('sleep 0.1; echo late', 20)).rejects.toMatchObject({ code: 'GUEST_SILENT' });
    expect(await observer.run('echo next')).toEqual({ code: 0, output: 'next\n' });
  }));

test('a machine that stops leaves no question open', () =>
  withShell(async (observer, far) => {
    const asked = observer.run('sleep 5');
    setTimeout(() => far.destroy(), 20);
    await expect(asked).rejects.toMatchObject({ code: 'GUEST_SILENT' });
    await expect(observer.run('true')).rejects.toMatchObject({ code: 'GUEST_SILENT' });
  }));

test('a reset leaves no question open, and the next one waits for the next boot', () =>
  withShell(async (observer) => {
    await observer.run('true');
    const asked = observer.run('sleep 0.2; echo old');
    setTimeout(() => observer.reset(), 50);
    await expect(asked).rejects.toMatchObject({ code: 'GUEST_SILENT' });
    expect(observer.alive).toBe(false);
    await expect(observer.run('echo lost', 20)).rejects.toMatchObject({ code: 'GUEST_SILENT' });
  }));
