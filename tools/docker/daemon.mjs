// Starts and stops a Docker daemon by hand, where no systemd does. Only Node's own modules: a set-up script.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, openSync, readFileSync, readlinkSync, rmSync, symlinkSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';

/** Milliseconds that a daemon gets to answer, and to end. */
const limit = 30_000;

/** Whether a daemon answers at this socket; `denied` where it is there and this user may not use it. */
export async function ping(socketPath) {
  return new Promise((resolve) => {
    const asked = request({ socketPath, path: '/_ping', timeout: 5000 }, (response) => {
      response.resume();
      resolve(response.statusCode === 200 ? 'answers' : 'silent');
    });
    asked.on('error', ({ code }) => resolve(code === 'EACCES' || code === 'EPERM' ? 'denied' : 'silent'));
    asked.on('timeout', () => asked.destroy());
    asked.end();
  });
}

/** Everything of a daemon that was started by hand is in one directory, the socket where it is told. */
export function places(directory, socket = join(directory, 'docker.sock')) {
  const below = (name) => join(directory, name);
  return { directory, socket, data: below('data'), run: below('run'), pid: below('pid'), log: below('log') };
}

/**
 * What to try, one after the other. The defaults work on most machines; a kernel without nf_tables needs the older
 * iptables; without either, containers have no network, and everything that needs none works.
 */
const attempts = [
  { name: 'as it is', args: [] },
  { name: 'with the older iptables', args: [], legacyIptables: true },
  { name: 'without network', args: ['--iptables=false', '--ip6tables=false', '--bridge=none'] },
];

/**
 * Starts dockerd and waits until it answers. The caller is root.
 * @param hide directories of this machine that it finds empty, as if it were another machine's
 * @param size of its data, as for tmpfs
 * @returns undefined, or how it could be started if not as it is by default
 * @throws Error with the last lines of its log
 */
export async function startDaemon(at, { hide = [], size } = {}) {
  for (const directory of [at.directory, at.data, at.run]) mkdirSync(directory, { recursive: true, mode: 0o711 });
  // Of one that was killed: its number may stand for another process, or for nothing but a zombie.
  const files = [at.pid, join(at.run, 'containerd/containerd.pid')];
  for (const file of files) if (processOf(file) === undefined) rmSync(file, { force: true });
  for (const attempt of attempts) {
    if (attempt.legacyIptables && !existsSync('/usr/sbin/iptables-legacy')) continue;
    const child = launch(at, attempt, [...hide.map((path) => [path]), ...(size ? [[at.data, size]] : [])]);
    if (await answers(at, child)) return attempt === attempts[0] ? undefined : attempt.name;
    await end(child.pid, () => child.exitCode !== null || child.signalCode !== null);
    if (!/iptables|bridge|network controller/i.test(lastLines(at.log))) break;
  }
  throw new Error(`dockerd does not start. The end of ${at.log}:\n${lastLines(at.log)}`);
}

function launch(at, { args, legacyIptables }, covered) {
  const log = openSync(at.log, 'w');
  const own = [`--host=unix://${at.socket}`, `--data-root=${at.data}`, `--exec-root=${at.run}`, `--pidfile=${at.pid}`];
  const path = [...(legacyIptables ? [legacyPrograms(at)] : []), process.env.PATH, '/usr/sbin', '/sbin'].join(':');
  const [program, ...words] = covered.length > 0 ? behind(covered) : ['dockerd'];
  const child = spawn(program, [...words, ...own, ...args], {
    stdio: ['ignore', log, log],
    // It outlives this process until it is stopped.
    detached: true,
    env: { ...process.env, PATH: path },
  });
  child.on('error', () => undefined);
  child.unref();
  return child;
}

/** In a mount namespace of its own, with nothing but memory, of a size or the default, in these directories. */
function behind(covered) {
  const cover =
    'for (( left = $1; left > 0; left-- )); do mount -t tmpfs -o "size=$3" none "$2"; shift 2; done; shift; exec dockerd "$@"';
  const words = covered.flatMap(([path, size = '50%']) => [path, size]);
  const count = String(covered.length);
  return ['unshare', '--mount', '--propagation', 'private', '/bin/bash', '-c', cover, 'bash', count, ...words];
}

/** dockerd calls `iptables` by its name; a directory before all others decides which that is. */
function legacyPrograms(at) {
  const directory = join(at.directory, 'bin');
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory);
  for (const name of ['iptables', 'ip6tables']) symlinkSync(`/usr/sbin/${name}-legacy`, join(directory, name));
  return directory;
}

async function answers(at, child) {
  for (const until = Date.now() + limit; Date.now() < until && child.exitCode === null && child.pid;) {
    if ((await ping(at.socket)) === 'answers') return true;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return false;
}

/**
 * Stops the daemon that was started at this place, and its containers with it. Stopping what does not run is no error.
 * @param keepData leave its images for the next time
 */
export async function stopDaemon(at, { keepData = true } = {}) {
  const pid = runningAt(at);
  if (pid !== undefined) await end(pid, () => runningAt(at) === undefined);
  // What a daemon that was killed left mounted.
  for (const mount of mountsBelow(at.directory)) spawnSync('umount', ['--lazy', mount]);
  if (!keepData) rmSync(at.directory, { recursive: true, force: true });
}

/** The number in the pid file, if it is still a daemon's. */
export function runningAt(at) {
  return processOf(at.pid);
}

function processOf(file) {
  try {
    const pid = Number(readFileSync(file, 'utf8'));
    return /\/(dockerd|containerd)$/.test(readlinkSync(`/proc/${pid}/exe`)) ? pid : undefined;
  } catch {
    return undefined;
  }
}

async function end(pid, hasEnded) {
  for (const signal of ['SIGTERM', 'SIGKILL']) {
    try {
      process.kill(pid, signal);
    } catch {
      return;
    }
    for (const until = Date.now() + limit / 2; Date.now() < until;) {
      if (hasEnded()) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

function mountsBelow(directory) {
  const lines = readFileSync('/proc/self/mounts', 'utf8').split('\n');
  const paths = lines.map((line) => (line.split(' ')[1] ?? '').replace(/\\040/g, ' '));
  return paths.filter((path) => path.startsWith(`${directory}/`)).reverse();
}

function lastLines(file) {
  return existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n').slice(-15).join('\n') : '';
}
