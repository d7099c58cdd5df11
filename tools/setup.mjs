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

/** What the user may have to do comes before what takes long. */
export function setup() {
  checkNode();
  installHostPrograms();
  checkUserNamespaces();
  checkSubordinateIds();
  installNpmDependencies();
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
  if (missing.length > 0) installPackages(missing);
}

/** Debian packages, by apt, where this user may; else the one command to type. */
export function installPackages(missing) {
  if (!isInPath('apt-get')) {
    fail(`These programs are missing: ${missing.join(', ')}`, 'Install them with the package manager of this system.');
  }
  const update = ['apt-get', 'update'];
  const install = ['apt-get', 'install', '--yes', '--no-install-recommends', ...missing];
  // All that only root may do in one command, so that nobody is sent back twice.
  const help = asRoot([update, install, ...(hasSubordinateIds() ? [] : [addSubordinateIds()])]);
  const allowed = isRoot() || spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status === 0;
  if (!allowed) fail('Host programs are missing. Type this once:', help);
  step(`apt-get install ${missing.join(' ')}`);
  // An outdated package list is the usual reason for a failure, so it is brought up to date first.
  for (const command of [update, install]) {
    const [program, ...args] = isRoot() ? command : ['sudo', ...command];
    run(program, args, `Type it yourself: ${help}`);
  }
}

/** Ubuntu 24.04 lets AppArmor forbid what bubblewrap needs: a user namespace of an ordinary user. */
function checkUserNamespaces() {
  const probe = spawnSync('bwrap', ['--ro-bind', '/', '/', '--unshare-all', 'true'], { encoding: 'utf8' });
  if (probe.status === 0) return;
  const reason = (probe.stderr ?? '').trim();
  if (readNumber('/proc/sys/kernel/apparmor_restrict_unprivileged_userns') === 1) {
    fail(
      `bubblewrap may not make a user namespace: ${reason}\nAppArmor restricts it on this system. Type this once:`,
      `${asRoot([['sysctl', '-w', 'kernel.apparmor_restrict_unprivileged_userns=0']])}\n` +
        '(until the next boot; a file in /etc/sysctl.d makes it last)',
    );
  }
  if (readNumber('/proc/sys/kernel/unprivileged_userns_clone') === 0) {
    const command = ['sysctl', '-w', 'kernel.unprivileged_userns_clone=1'];
    fail('User namespaces are switched off. Type this once:', asRoot([command]));
  }
  fail(`bubblewrap does not work here: ${reason}`, 'Inside a container, start it with --privileged.');
}

/** An ordinary user makes a root file system with ids of its own, which /etc/subuid gives. */
function checkSubordinateIds() {
  if (hasSubordinateIds()) return;
  fail(`The user ${userInfo().username} has no subordinate ids. Type this once:`, asRoot([addSubordinateIds()]));
}

function hasSubordinateIds() {
  const { username, uid } = userInfo();
  const names = [username, String(uid)];
  return (
    isRoot() || ['/etc/subuid', '/etc/subgid'].every((file) => idRanges(file).some(({ name }) => names.includes(name)))
  );
}

/** The first range that no other user has: who shares ids could enter each other's files. */
function addSubordinateIds() {
  const taken = ['/etc/subuid', '/etc/subgid'].flatMap(idRanges);
  const first = Math.max(100000, ...taken.map(({ end }) => end));
  const range = `${first}-${first + 65535}`;
  return ['usermod', '--add-subuids', range, '--add-subgids', range, userInfo().username];
}

/** Lines `name:first:count`; `end` is the first id after the range. */
function idRanges(file) {
  if (!existsSync(file)) return [];
  const fields = readFileSync(file, 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  return fields
    .filter(({ length }) => length === 3)
    .map(([name, first, count]) => ({ name, end: Number(first) + Number(count) }));
}

/** Commands as one line to type. Debian has no sudo where root got a password at its installation. */
export function asRoot(commands) {
  const lines = commands.map((command) => command.join(' '));
  if (isRoot()) return lines.join(' && ');
  return isInPath('sudo') ? lines.map((line) => `sudo ${line}`).join(' && ') : `su - -c '${lines.join(' && ')}'`;
}

function readNumber(path) {
  try {
    return Number(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}

export function isInPath(program) {
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

export function isRoot() {
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
