import { mkdir, readlink, rm, symlink } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { AvocadoError } from '../error';
import { addMountPoints, finishRoot } from './finish';
import { debPath, diskFull, inParallel } from './fetch';
import { runTool } from './run';
import type { PackagePin, RootSpec } from './types';

const mergedUsr = ['bin', 'lib', 'lib32', 'lib64', 'libx32', 'sbin'];
const skipped = ['./usr/share/doc/*', './usr/share/man/*', './usr/share/locale/*', './usr/share/info/*', './dev/*'];

/**
 * Unpacks every package into `directory`, without maintainer scripts; a root that commands run in (it has base-files)
 * gets what the feed's data says in their place. Debian's root is merged into /usr: a package that
 * still ships /lib gets it below /usr/lib.
 */
export async function unpackRoot(spec: RootSpec, directory: string, signal: AbortSignal | undefined): Promise<void> {
  await mkdir(join(directory, 'usr'), { recursive: true });
  for (const name of mergedUsr) await symlink(`usr/${name}`, join(directory, name));
  await inParallel(spec.packages, availableParallelism(), async (pin) => {
    const options = [`--directory=${directory}`, '--keep-directory-symlink'];
    await extractPackage(pin, [...options, ...skipped.map((path) => `--exclude=${path}`)], signal);
  });
  if (spec.packages.some(({ name }) => name === 'base-files')) {
    await addMountPoints(directory);
    return finishRoot(directory);
  }
  // A sysroot is a whole system to the linker: libc.so names /lib.
  if (spec.packages.some(({ name }) => name === 'libc6')) return;
  for (const name of mergedUsr) {
    const path = join(directory, name);
    if ((await readlink(path).catch(() => '')) === `usr/${name}`) await rm(path);
  }
}

/** @param options of tar */
export async function extractPackage(
  pin: PackagePin,
  options: string[],
  signal: AbortSignal | undefined,
): Promise<void> {
  // Constant text; the path is an argument, not part of it.
  const pipeline = 'set -o pipefail; dpkg-deb --fsys-tarfile "$1" | tar "${@:2}"';
  const tar = ['--extract', '--file=-', '--no-same-owner', '--preserve-permissions', ...options];
  const { code, stderr } = await runTool(['bash', '-c', pipeline, 'unpack', debPath(pin), ...tar], { signal });
  if (code !== 0) throw unpackError(`cannot unpack ${pin.name} ${pin.version}`, stderr);
}

export function unpackError(message: string, output: string): AvocadoError {
  if (/No space left on device/.test(output)) return diskFull();
  return new AvocadoError('ROOT_FAILED', message, {
    output,
    hint: 'If it happens again, delete the store (~/.cache/nx-avocado unless NX_AVOCADO_STORE is set) and run it again.',
  });
}
