// Makes this machine ready: npm dependencies and the few host programs that the sandbox runner needs.
// Only Node's own modules, because it runs before anything is installed. `npm run demo` and `npm test` call it.
import { accessSync, constants, existsSync, readFileSync, statSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { userInfo } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Program to the Debian package that has it. Everything else lives in the SDK. */
const programs = {
  bwrap: 'bubblewrap',
  mmdebstrap: 'mmdebstrap',
  'dpkg-deb': 'dpkg',
  'apt-get': 'apt',
  flock: 'util-linux',
  tar: 'tar',
  ssh: 'openssh-client',
  ...(isRoot() ? {} : { newuidmap: 'uidmap' }),
};

/** File to the package that has it: Debian's archive keys, which Ubuntu does not have by itself. */
const files = { '/usr/share/keyrings/debian-archive-keyring.gpg': 'debian-archive-keyring' };

export function setup() {
  checkNode();
  installNpmDependencies();
  installHostPrograms();
  checkUserNamespaces();
  checkSubordinateIds();
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    fail(`Node ${process.versions.node} is too old: 20.19 or newer is needed.`, 'https://nodejs.org/en/download');
  }
}

/** npm writes node_modules/.package-lock.json at the end of an install: older than the lock means out of date. */
function installNpmDependencies() {
  const installed = join(root, 'node_modules/.package-lock.json');
  if (existsSync(installed) && sameDependencies(installed)) return;
  step('npm install (npm dependencies are missing or out of date)');
  // Not `npm ci`: it refuses a lock without the native packages of nx for other systems, and a registry may lack some of
  // them. `npm install` installs what the lock says as well.
  run('npm', ['install', '--no-audit', '--no-fund'], 'npm install failed. Is the npm registry reachable?');
}

function sameDependencies(installed) {
  if (statSync(installed).mtimeMs >= statSync(join(root, 'package-lock.json')).mtimeMs) return true;
  const wanted = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
  const have = JSON.parse(readFileSync(installed, 'utf8')).packages;
  return Object.entries(wanted).every(
    ([path, { version, optional }]) => path === '' || optional || have[path]?.version === version,
  );
}

function installHostPrograms() {
  const missing = [
    ...Object.entries(programs).flatMap(([program, name]) => (isInPath(program) ? [] : [name])),
    ...Object.entries(files).flatMap(([file, name]) => (existsSync(file) ? [] : [name])),
  ];
  if (missing.length === 0) return;
  const prefix = isRoot() ? [] : ['sudo'];
  const update = [...prefix, 'apt-get', 'update'];
  const install = [...prefix, 'apt-get', 'install', '--yes', '--no-install-recommends', ...missing];
  if (!isInPath('apt-get')) {
    fail(`These programs are missing: ${missing.join(', ')}`, 'Install them with the package manager of this system.');
  }
  const allowed = isRoot() || spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status === 0;
  if (!allowed) fail('Host programs are missing. Type this once:', `${update.join(' ')} && ${install.join(' ')}`);
  step(`apt-get install ${missing.join(' ')}`);
  const help = `Type it yourself: ${install.join(' ')}`;
  // An outdated package list is the usual reason for a failure, so it is brought up to date first.
  run(update[0], update.slice(1), help);
  run(install[0], install.slice(1), help);
}

/** Ubuntu 24.04 lets AppArmor forbid what bubblewrap needs: a user namespace of an ordinary user. */
function checkUserNamespaces() {
  const probe = spawnSync('bwrap', ['--ro-bind', '/', '/', '--unshare-all', 'true'], { encoding: 'utf8' });
  if (probe.status === 0) return;
  const reason = (probe.stderr ?? '').trim();
  if (readNumber('/proc/sys/kernel/apparmor_restrict_unprivileged_userns') === 1) {
    fail(
      `bubblewrap may not make a user namespace: ${reason}\nAppArmor restricts it on this system. Type this once:`,
      'sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0\n' +
        '(until the next boot; a file in /etc/sysctl.d makes it last)',
    );
  }
  if (readNumber('/proc/sys/kernel/unprivileged_userns_clone') === 0) {
    fail('User namespaces are switched off. Type this once:', 'sudo sysctl -w kernel.unprivileged_userns_clone=1');
  }
  fail(`bubblewrap does not work here: ${reason}`, 'Inside a container, start it with --privileged.');
}

/** An ordinary user makes a root file system with ids of its own, which /etc/subuid gives. */
function checkSubordinateIds() {
  if (isRoot()) return;
  const { username, uid } = userInfo();
  const has = (file) =>
    existsSync(file) &&
    readFileSync(file, 'utf8')
      .split('\n')
      .some((line) => line.startsWith(`${username}:`) || line.startsWith(`${uid}:`));
  if (has('/etc/subuid') && has('/etc/subgid')) return;
  fail(
    `The user ${username} has no subordinate ids. Type this once:`,
    `sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 ${username}`,
  );
}

function readNumber(path) {
  try {
    return Number(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}

function isInPath(program) {
  // sbin is not in the path of an ordinary user on Debian, but what stands there is run by apt and mmdebstrap.
  const directories = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  return directories.some((directory) => {
    try {
      accessSync(join(directory, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

function isRoot() {
  return process.getuid?.() === 0;
}

export function step(text) {
  console.log(`\n==> ${text}`);
}

/** Runs a command in the workspace with its output shown; `help` tells what to do when it fails. */
function run(command, args, help) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'], env });
  if (status !== 0) fail(`${command} ${args[0]} failed${error ? `: ${error.message}` : ''}`, help);
}

export function fail(text, help) {
  console.error(`\n${text}\n\n    ${help.replaceAll('\n', '\n    ')}\n`);
  process.exit(1);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  setup();
  console.log('This machine is ready.');
}
