import { copyFile, link, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AvocadoError } from '../error';
import type { Reporter } from '../report';
import { storePath, withTemporaryDirectory } from '../store';
import { debPath, inParallel } from './fetch';
import { runTool } from './run';
import type { PackagePin, RootSpec } from './types';
import { unpackError } from './unpack';

export interface InstallOptions {
  reporter: Reporter;
  signal?: AbortSignal | undefined;
}

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
  await withTemporaryDirectory(storePath('roots'), async (repository) => {
    await writeRepository(spec.packages, repository, options.signal);
    const { code, stderr } = await runTool(mmdebstrapArgv(spec, repository, tar), {
      signal: options.signal,
      env: { SOURCE_DATE_EPOCH: '0', DEBIAN_FRONTEND: 'noninteractive', TMPDIR: repository },
    });
    if (code === 0) return;
    if (/newuidmap|subuid|subordinate|unshare/.test(stderr)) {
      throw new AvocadoError('ROOTLESS_UNAVAILABLE', 'this user cannot make a root: it has no subordinate user ids', {
        output: stderr,
        hint: 'Install uidmap and give the user subordinate ids (usermod --add-subuids 100000-165535 --add-subgids 100000-165535 USER), or run as root.',
      });
    }
    throw unpackError('mmdebstrap could not install the packages', stderr.split('\n').slice(-30).join('\n'));
  });
}

/** A flat apt repository: hard links to the store's packages, and an index of them. */
async function writeRepository(pins: PackagePin[], directory: string, signal: AbortSignal | undefined): Promise<void> {
  const entries = new Map<string, string>();
  await mkdir(directory, { recursive: true });
  await inParallel(pins, 4, async (pin) => {
    const file = `${pin.name}_${pin.architecture}.deb`;
    await link(debPath(pin), join(directory, file)).catch(() => copyFile(debPath(pin), join(directory, file)));
    const { code, stdout, stderr } = await runTool(['dpkg-deb', '--field', debPath(pin)], { signal });
    if (code !== 0) throw unpackError(`cannot read ${pin.name} ${pin.version}`, stderr);
    entries.set(file, `${stdout.trimEnd()}\nFilename: ./${file}\nSize: ${pin.size}\nSHA256: ${pin.sha256}\n`);
  });
  const index = [...entries.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, entry]) => entry);
  await writeFile(join(directory, 'Packages'), index.join('\n'));
}
