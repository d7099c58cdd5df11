import type { Mount } from '../types';
import type { Connection } from './connect';

/**
 * Root in a container is root of the machine, unless the daemon is rootless: what a command wrote is given to the caller
 * by a second command in the same container. Modes that chown takes away are put back.
 */
const script = `
set -eu
owner=$1; shift
find "$@" -xdev ! -uid "\${owner%:*}" -type f -perm /6000 -printf '%m\\0%p\\0' >/tmp/.modes
find "$@" -xdev ! -uid "\${owner%:*}" -exec chown --no-dereference "$owner" {} +
xargs --null --no-run-if-empty --max-args=2 chmod </tmp/.modes
rm /tmp/.modes
`;

/** The command that gives the files below the writable mounts to this user; undefined where they are his already. */
export async function ownershipCommand(
  connection: Connection,
  mounts: readonly Mount[],
): Promise<string[] | undefined> {
  const [user, group] = [process.getuid?.() ?? 0, process.getgid?.() ?? 0];
  const targets = mounts.filter(({ writable }) => writable).map(({ target }) => target);
  // On other systems Docker Desktop does this by itself.
  if (user === 0 || targets.length === 0 || process.platform !== 'linux') return undefined;
  if ((await connection.facts()).rootless) return undefined;
  return ['/bin/bash', '-c', script, 'own', `${user}:${group}`, ...targets];
}
