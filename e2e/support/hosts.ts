import { execFileSync, spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { eventually } from './processes';
import { repository } from './workspace';

/** Installs Debian packages as the set-up does: only where this user may, and only what is missing. */
export function needPrograms(programs: Record<string, string>): void {
  const missing = Object.entries(programs).flatMap(([path, name]) => (existsSync(path) ? [] : [name]));
  if (missing.length === 0) return;
  const script = `const { installPackages } = await import('./tools/setup.mjs'); installPackages(${JSON.stringify(missing)})`;
  execFileSync(process.execPath, ['--input-type=module', '--eval', script], { cwd: repository, stdio: 'pipe' });
}

/** A daemon's socket as a port of this machine. */
export async function overTcp(socket: string): Promise<{ address: string; stop(): Promise<void> }> {
  const server: Server = createServer({ allowHalfOpen: true }, (client) => {
    const daemon = connect({ path: socket, allowHalfOpen: true });
    client.pipe(daemon).pipe(client);
    for (const end of [client, daemon]) end.on('error', () => [client, daemon].forEach((one) => one.destroy()));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { address: `tcp://127.0.0.1:${port}`, stop: async () => void server.close() };
}

/** An OpenSSH server of this user's own on loopback, and a PATH whose ssh knows its key. */
export async function overSsh(): Promise<{ address: string; path: string; stop(): void }> {
  needPrograms({ '/usr/sbin/sshd': 'openssh-server', '/usr/bin/ssh': 'openssh-client' });
  const directory = mkdtempSync(join(tmpdir(), 'nx-avocado-ssh-'));
  const file = (name: string): string => join(directory, name);
  for (const name of ['host', 'user']) {
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', file(name)]);
  }
  execFileSync('cp', [file('user.pub'), file('authorized_keys')]);
  if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true });
  const port = await freePort();
  const options = {
    ...{ ListenAddress: `127.0.0.1:${port}`, HostKey: file('host'), AuthorizedKeysFile: file('authorized_keys') },
    ...{ PidFile: 'none', StrictModes: 'no', PasswordAuthentication: 'no', UsePAM: 'no', PermitRootLogin: 'yes' },
  };
  const words = Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  const server = spawn('/usr/sbin/sshd', ['-D', '-f', '/dev/null', ...words], { stdio: 'ignore' });
  mkdirSync(file('bin'));
  // As a user's own configuration would: the key, and that the host is known.
  const known = `-i ${file('user')} -o UserKnownHostsFile=${file('known')} -o StrictHostKeyChecking=accept-new`;
  writeFileSync(file('bin/ssh'), `#!/bin/sh\nexec /usr/bin/ssh -F /dev/null ${known} "$@"\n`);
  chmodSync(file('bin/ssh'), 0o755);
  await eventually(
    () => server.exitCode,
    (code) => code !== null,
    300,
  );
  return {
    address: `ssh://${userInfo().username}@127.0.0.1:${port}`,
    path: `${file('bin')}:${process.env['PATH'] ?? ''}`,
    stop: () => {
      server.kill();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Podman's service with a socket like Docker's, and a store of its own. */
export async function podman(): Promise<{ address: string; stop(): Promise<void> }> {
  needPrograms({ '/usr/bin/podman': 'podman', '/usr/bin/conmon': 'conmon', '/usr/bin/crun': 'crun' });
  const directory = mkdtempSync(join(tmpdir(), 'nx-avocado-podman-'));
  const file = (name: string): string => join(directory, name);
  // Podman's own defaults are more than a virtual machine may allow its root.
  writeFileSync(file('containers.conf'), '[containers]\ndefault_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]\n');
  const store = [
    // crun does not know a system with both versions of cgroups.
    ...(existsSync('/sys/fs/cgroup/unified') && existsSync('/usr/sbin/runc') ? ['--runtime', '/usr/sbin/runc'] : []),
    ...['--root', file('root'), '--runroot', file('run'), '--cgroup-manager', 'cgroupfs'],
  ];
  const words = [...store, 'system', 'service', '--time', '0', `unix://${file('podman.sock')}`];
  const env = { ...process.env, CONTAINERS_CONF: file('containers.conf') };
  const service: ChildProcess = spawn('podman', words, { stdio: 'ignore', env });
  await eventually(() => existsSync(file('podman.sock')), Boolean, 20_000);
  return {
    address: `unix://${file('podman.sock')}`,
    stop: async () => {
      const ended = new Promise((resolve) => service.once('close', resolve));
      // It may find one that is just being removed: no failure of the test.
      spawnSync('podman', [...store, 'rm', '--all', '--force'], { stdio: 'ignore', env });
      service.kill();
      await ended;
      for (const path of mountsBelow(directory)) spawnSync('umount', ['--lazy', path]);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** The innermost first. */
function mountsBelow(directory: string): string[] {
  const paths = readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '');
  return paths.filter((path) => path.startsWith(`${directory}/`)).reverse();
}

export function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
