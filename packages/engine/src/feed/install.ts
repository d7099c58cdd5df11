import { chmod, constants, copyFile, mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AvocadoError } from '../error';
import type { Reporter } from '../report';
import { withTemporaryDirectory } from '../store';
import { debPath, inParallel } from './fetch';
import { runTool } from './run';
import type { PackagePin, RootSpec } from './types';
import { unpackError } from './unpack';

export interface InstallOptions {
  reporter: Reporter;
  signal?: AbortSignal | undefined;
}

/** What mmdebstrap takes from this machine, or leaves for a later apt: none of it is the packages'. */
const leftovers = [
  'etc/.resolv.conf.systemd-resolved.bak',
  'etc/apt/apt.conf.d/99mmdebstrap',
  'etc/apt/sources.list',
  'etc/dpkg/dpkg.cfg.d/99mmdebstrap',
];

const cleanUp = `cd "$1" && rm -f ${leftovers.join(' ')} && echo localhost > etc/hostname`;

/** Arguments of mmdebstrap for a root from a flat repository of exactly its packages. Pure. */
export function mmdebstrapArgv(spec: RootSpec, repository: string, tar: string): string[] {
  const excluded = ['doc', 'man', 'locale', 'info'].map((name) => `--dpkgopt=path-exclude=/usr/share/${name}/*`);
  return [
    'mmdebstrap',
    '--variant=custom',
    `--architectures=${spec.architecture}`,
    `--include=${spec.packages.map(({ name }) => name).join(',')}`,
    // The list is complete as it is; device nodes cannot be unpacked by a user, and the sandbox has its own.
    '--skip=check/empty,output/dev',
    ...excluded,
    '--dpkgopt=force-unsafe-io',
    '--aptopt=APT::Install-Recommends "false"',
    `--customize-hook=${cleanUp}`,
    '--format=tar',
    '',
    tar,
    `deb [trusted=yes] copy:${repository} ./`,
  ];
}

/**
 * Installs the packages with their maintainer scripts and writes the result as a tar: owners and modes as Debian has
 * them, times of 1970. Root, or a user with subordinate ids.
 */
export async function installTar(spec: RootSpec, tar: string, options: InstallOptions): Promise<void> {
  // Not in the store: mmdebstrap works as another user id, which cannot enter a private home directory.
  await withTemporaryDirectory(tmpdir(), async (scratch) => {
    await chmod(scratch, 0o755);
    const repository = join(scratch, 'repository');
    await writeRepository(spec.packages, repository, options.signal);
    // The root's modes follow the umask, which must not be the user's.
    const argv = [...ownMounts(), 'sh', '-c', 'umask 022; exec "$@"', 'sh', ...mmdebstrapArgv(spec, repository, tar)];
    const { code, stderr } = await runTool(argv, {
      signal: options.signal,
      env: { SOURCE_DATE_EPOCH: '0', DEBIAN_FRONTEND: 'noninteractive', TMPDIR: scratch, HOME: '/' },
    });
    if (code !== 0) throw installError(spec, stderr);
  });
}

/** What root's mmdebstrap mounts goes with it, even when it is killed; a user's has namespaces of its own. */
function ownMounts(): string[] {
  return process.getuid?.() === 0 ? ['unshare', '--mount', '--'] : [];
}

/** @param stderr what mmdebstrap said */
export function installError(spec: Pick<RootSpec, 'architecture'>, stderr: string): AvocadoError {
  const errors = stderr.split('\n').filter((line) => line.startsWith('E:'));
  if (/can neither be executed natively|install arch-test/.test(stderr)) {
    return new AvocadoError(
      'ROOT_FOREIGN',
      `this machine cannot run the install scripts of ${spec.architecture} packages`,
      {
        output: stderr,
        hint: 'Install emulation for other architectures (apt-get install arch-test qemu-user-static), or build on such a machine.',
      },
    );
  }
  if (errors.some((line) => /newuidmap|newgidmap|subuid|subgid|unshare/.test(line))) {
    return new AvocadoError('ROOTLESS_UNAVAILABLE', 'this user cannot make a root: it has no subordinate user ids', {
      output: stderr,
      hint: 'Install uidmap and give the user subordinate ids (usermod --add-subuids 100000-165535 --add-subgids 100000-165535 USER), or run as root.',
    });
  }
  return unpackError('mmdebstrap could not install the packages', stderr.split('\n').slice(-30).join('\n'));
}

/** A flat apt repository: the store's packages, and an index of them. */
async function writeRepository(pins: PackagePin[], directory: string, signal: AbortSignal | undefined): Promise<void> {
  const entries = new Map<string, string>();
  await mkdir(directory);
  await chmod(directory, 0o755);
  await inParallel(pins, 4, async (pin) => {
    const file = `${pin.name}_${pin.architecture}.deb`;
    await copyFile(debPath(pin), join(directory, file), constants.COPYFILE_FICLONE);
    await chmod(join(directory, file), 0o644);
    const { code, stdout, stderr } = await runTool(['dpkg-deb', '--field', debPath(pin)], { signal });
    if (code !== 0) throw unpackError(`cannot read ${pin.name} ${pin.version}`, stderr);
    entries.set(file, `${stdout.trimEnd()}\nFilename: ./${file}\nSize: ${pin.size}\nSHA256: ${pin.sha256}\n`);
  });
  const index = [...entries.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, entry]) => entry);
  await writeFile(join(directory, 'Packages'), index.join('\n'));
  await chmod(join(directory, 'Packages'), 0o644);
}
