import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { delimiter, join } from 'node:path';
import type { AvocadoError } from '@nx-avocado/engine/error';
import { probeDocker } from '@nx-avocado/engine/sdk';

/** What a machine has of that which the feeds and runners need. */
export interface Host {
  platform: NodeJS.Platform;
  architecture: string;
  isRoot: boolean;
  hasSudo: boolean;
  hasApt: boolean;
  user: string;
  /** Debian packages of the programs and files that are missing, sorted. */
  missing: string[];
  /** Why bubblewrap cannot make a user namespace; absent where it can, or where it is missing itself. */
  namespaceError?: string;
  /** Where AppArmor is what forbids it. */
  restrictedByAppArmor: boolean;
  /** Whether the user has subordinate ids (or needs none, as root). */
  hasSubordinateIds: boolean;
  /** Why no Docker daemon can be used; absent where one answers. */
  docker?: Pick<AvocadoError, 'code' | 'message' | 'hint'>;
  /** Whether the user says which daemon it is. */
  namesDaemon: boolean;
  /** The container engine that is installed, whether it runs or not. */
  engine?: 'docker' | 'podman';
}

/** Program to the Debian package that has it. All else comes from the SDK. */
const programs = {
  bwrap: 'bubblewrap',
  mmdebstrap: 'mmdebstrap',
  'apt-get': 'apt',
  'dpkg-deb': 'dpkg',
  flock: 'util-linux',
  tar: 'tar',
};
const files = { '/usr/share/keyrings/debian-archive-keyring.gpg': 'debian-archive-keyring' };

/** Looks at this machine; runs bubblewrap once, and asks the Docker daemon. */
export async function probeHost(): Promise<Host> {
  const isRoot = process.getuid?.() === 0;
  const wanted = Object.entries({ ...programs, ...(!isRoot && { newuidmap: 'uidmap' }) });
  const missing = [
    ...wanted.flatMap(([program, name]) => (isInPath(program) ? [] : [name])),
    ...Object.entries(files).flatMap(([file, name]) => (existsSync(file) ? [] : [name])),
  ].sort();
  const namespaceError = missing.includes('bubblewrap') ? undefined : namespaceProblem();
  const docker = await probeDocker();
  const engine = isInPath('dockerd') ? 'docker' : isInPath('podman') ? 'podman' : undefined;
  return {
    platform: process.platform,
    architecture: process.arch,
    isRoot,
    hasSudo: isInPath('sudo'),
    hasApt: isInPath('apt-get'),
    user: userInfo().username,
    missing,
    ...(namespaceError !== undefined && { namespaceError }),
    restrictedByAppArmor: read('/proc/sys/kernel/apparmor_restrict_unprivileged_userns').trim() === '1',
    hasSubordinateIds: isRoot || ['/etc/subuid', '/etc/subgid'].every(namesUser),
    ...(docker && { docker }),
    namesDaemon: ['DOCKER_HOST', 'DOCKER_CONTEXT'].some((name) => Boolean(process.env[name])),
    ...(engine && { engine }),
  };
}

function namespaceProblem(): string | undefined {
  const { status, stderr, error } = spawnSync('bwrap', ['--ro-bind', '/', '/', '--unshare-all', 'true'], {
    encoding: 'utf8',
    timeout: 10_000,
  });
  return status === 0 ? undefined : (error?.message ?? stderr.trim());
}

/** Lines are `name:first:count`; a name may be a number. */
function namesUser(file: string): boolean {
  const { username, uid } = userInfo();
  return read(file)
    .split('\n')
    .some((line) => [username, String(uid)].includes(line.split(':')[0] ?? ''));
}

/** sbin is not in the path of an ordinary user on Debian, but what stands there is run by apt and mmdebstrap. */
function isInPath(program: string): boolean {
  return [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin'].some((directory) => {
    try {
      accessSync(join(directory, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
