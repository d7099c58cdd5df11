import { chmod, constants, copyFile, mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AvocadoError } from '../error';
import type { Reporter } from '../report';
import { withTemporaryDirectory } from '../store';
import { emulationFor, emulatorVariable, ownUserNamespace, registerHook, writeEmulator } from './emulation';
import type { Emulation } from './emulation';
import { debPath, fetchPackages, inParallel } from './fetch';
import { runTool } from './run';
import type { PackagePin, RootSpec } from './types';
import { unpackError } from './unpack';

export interface InstallOptions {
  reporter: Reporter;
  signal?: AbortSignal | undefined;
  /** The feed's emulator, for packages of another architecture; fetched where it is used. */
  interpreter?: RootSpec | undefined;
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
export function mmdebstrapArgv(spec: RootSpec, repository: string, tar: string, emulation: Emulation): string[] {
  const excluded = ['doc', 'man', 'locale', 'info'].map((name) => `--dpkgopt=path-exclude=/usr/share/${name}/*`);
  return [
    'mmdebstrap',
    '--variant=custom',
    `--architectures=${spec.architecture}`,
    `--include=${spec.packages.map(({ name }) => name).join(',')}`,
    // The list is complete as it is; device nodes cannot be unpacked by a user, and the sandbox has its own.
    '--skip=check/empty,output/dev',
    // mmdebstrap would have arch-test try what is known already, or is not registered yet.
    ...(emulation === 'registered' || emulation === 'private' ? ['--skip=check/qemu'] : []),
    ...(emulation === 'private' ? [`--setup-hook=${registerHook}`] : []),
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
 * them, times of 1970. Root, or a user with subordinate ids. The bytes are the same whatever runs the scripts.
 */
export async function installTar(spec: RootSpec, tar: string, options: InstallOptions): Promise<void> {
  // Not in the store: mmdebstrap works as another user id, which cannot enter a private home directory.
  await withTemporaryDirectory(tmpdir(), async (scratch) => {
    await chmod(scratch, 0o755);
    const repository = join(scratch, 'repository');
    await writeRepository(spec.packages, repository, options.signal);
    const emulator = join(scratch, 'emulator');
    const emulation = await prepareEmulation(spec, emulator, options);
    // The root's modes follow the umask, which must not be the user's.
    const umask = ['sh', '-c', 'umask 022; exec "$@"', 'sh'];
    const argv = [...ownNamespaces(emulation), ...umask, ...mmdebstrapArgv(spec, repository, tar, emulation)];
    const { code, stderr } = await runTool(argv, {
      signal: options.signal,
      env: {
        ...{ SOURCE_DATE_EPOCH: '0', DEBIAN_FRONTEND: 'noninteractive', TMPDIR: scratch, HOME: '/' },
        ...(emulation === 'private' ? { [emulatorVariable]: emulator } : {}),
      },
    });
    if (code !== 0) throw installError(spec, stderr);
  });
}

/** Fetches and unpacks the feed's emulator where it will be used. */
async function prepareEmulation(spec: RootSpec, directory: string, options: InstallOptions): Promise<Emulation> {
  const emulation = await emulationFor(spec.architecture, options.signal);
  if (emulation !== 'private') return emulation;
  const pin = options.interpreter?.packages[0];
  if (!pin) return 'none';
  await fetchPackages([pin], options);
  await writeEmulator(spec.architecture, pin, directory, options.signal);
  return emulation;
}

/** What root's mmdebstrap mounts goes with it, even when it is killed; a user's has namespaces of its own. */
function ownNamespaces(emulation: Emulation): string[] {
  if (process.getuid?.() !== 0) return [];
  return emulation === 'private' ? ownUserNamespace : ['unshare', '--mount', '--'];
}

/** mmdebstrap's own check, and what the programs of the hook say; not mmdebstrap's line that quotes the hook. */
const foreign =
  /can neither be executed natively|install arch-test|^cannot unshare the user namespace|^(?:mount|cat|sh): .*binfmt_misc/m;

/** @param stderr what mmdebstrap said */
export function installError(spec: Pick<RootSpec, 'architecture'>, stderr: string): AvocadoError {
  const errors = stderr.split('\n').filter((line) => line.startsWith('E:'));
  if (foreign.test(stderr)) {
    return new AvocadoError(
      'ROOT_FOREIGN',
      `this machine cannot run the install scripts of ${spec.architecture} packages`,
      {
        output: stderr,
        hint:
          'Where Linux is 6.7 or newer and lets user namespaces mount binfmt_misc, nothing has to be installed. ' +
          'Elsewhere install emulation for the whole machine (apt-get install arch-test qemu-user-static), or build on such a machine.',
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
