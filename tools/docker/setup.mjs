// `npm run setup:docker`: a Docker daemon that this user may use, for the runner `docker` and its tests.
//
//     node tools/docker/setup.mjs                        installs Docker where it is missing, starts it where it is off
//     node tools/docker/setup.mjs --stop                 stops it, if it was started so
//     node tools/docker/setup.mjs --directory <new>      a daemon of its own in this directory, unless one answers already
//     node tools/docker/setup.mjs --directory <new> --fresh --hide <path>    one that finds this directory empty
//     node tools/docker/setup.mjs --directory <new> --fresh --hide <path> --size 96m    and has this much for its data
//
// The last line it prints is the address of the daemon, as for DOCKER_HOST.
import { existsSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { asRoot, fail, installPackages, isInPath, isRoot, step } from '../setup.mjs';
import { ping, places, runningAt, startDaemon, stopDaemon } from './daemon.mjs';

const systemSocket = '/var/run/docker.sock';
/** Of a daemon that the user asked for, not a test. */
const ownDirectory = '/var/lib/nx-avocado-docker';

const { values } = parseArgs({
  options: {
    stop: { type: 'boolean' },
    directory: { type: 'string' },
    fresh: { type: 'boolean' },
    hide: { type: 'string', multiple: true },
    size: { type: 'string' },
  },
});
const at = values.directory ? places(values.directory) : places(ownDirectory, systemSocket);

if (values.stop) await stopDaemon(at, { keepData: values.directory === undefined });
else console.log(await address());

async function address() {
  if (!values.fresh) {
    const { DOCKER_HOST } = process.env;
    // Whoever names a daemon wants that one, and is told by it what is wrong.
    if (DOCKER_HOST) return DOCKER_HOST;
    for (const socket of userSockets()) if ((await ping(socket)) === 'answers') return `unix://${socket}`;
  }
  if (runningAt(at) !== undefined && (await ping(at.socket)) === 'answers') return `unix://${at.socket}`;
  if (!isInPath('dockerd')) {
    step('installing Docker (docker.io)');
    installPackages(['docker.io', ...(isInPath('iptables') ? [] : ['iptables'])]);
    // Of its own from Debian 13 on.
    if (!isInPath('docker')) installPackages(['docker-cli']);
  }
  return existsSync('/run/systemd/system') && !values.fresh ? startService() : startByHand();
}

/** Where a daemon of this machine may listen, this user's own first. */
function userSockets() {
  const { HOME = '', XDG_RUNTIME_DIR = '' } = process.env;
  return [
    ...(XDG_RUNTIME_DIR === '' ? [] : [join(XDG_RUNTIME_DIR, 'docker.sock')]),
    ...(HOME === '' ? [] : [join(HOME, '.docker/run/docker.sock'), join(HOME, '.docker/desktop/docker.sock')]),
    systemSocket,
  ];
}

async function startService() {
  const start = ['systemctl', 'start', 'docker'];
  if ((await ping(systemSocket)) === 'silent') {
    const [program, ...args] = isRoot() ? start : ['sudo', '-n', ...start];
    if (spawnSync(program, args, { stdio: ['ignore', 'inherit', 'inherit'] }).status !== 0) {
      fail('The Docker service is off. Type this once:', asRoot([start]));
    }
  }
  await checkPermission(systemSocket);
  return `unix://${systemSocket}`;
}

async function startByHand() {
  if (!isRoot()) {
    await checkPermission(at.socket);
    fail('No Docker daemon runs, and only root may start one. As root, type:', 'npm run setup:docker');
  }
  step(`dockerd (its log: ${at.log})`);
  try {
    const how = await startDaemon(at, values);
    if (how !== undefined) console.log(`It could be started ${how} only.`);
  } catch (error) {
    fail(
      error.message,
      'Docker needs cgroups and overlayfs of the kernel; inside a container, start that with --privileged.',
    );
  }
  return `unix://${at.socket}`;
}

async function checkPermission(socket) {
  if ((await ping(socket)) !== 'denied') return;
  const join = ['usermod', '--append', '--groups', 'docker', process.env.USER ?? '$USER'];
  fail(`This user may not use ${socket}. Type this once, and log in again:`, asRoot([join]));
}
