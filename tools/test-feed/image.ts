import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { openRoot } from '../../packages/engine/src/feed';
import { rootSpec } from '../../packages/engine/src/feed/resolve';
import { runTool } from '../../packages/engine/src/feed/run';
import type { PackagePin } from '../../packages/engine/src/feed/types';
import { silentReporter } from '../../packages/engine/src/report';
import { groups, repositoryIds } from './layout';
import { archCompat } from './metadata';
import { buildTime } from './spec';
import { target } from './debian';

/** What makes Debian's dnf that of an SDK image: the one repository it knows, and the architectures it takes. */
export function imageFiles(): Record<string, string> {
  return {
    'etc/dnf/vars/arch': `x86_64_avocadosdk:${groups.bootstrap.arch}:avocado_nativesdk\n`,
    'etc/dnf/vars/repo_url': 'http://localhost\n',
    'etc/rpm/platform': `${groups.sdk.arch}-avocado-linux\n`,
    'etc/rpmrc': archCompat(),
    'etc/yum.repos.d/avocado-sdk.repo':
      `[${repositoryIds.bootstrap}]\nname=Avocado SDK\nbaseurl=$repo_url/$releasever/${groups.bootstrap.repository}\n` +
      'enabled=1\ngpgcheck=0\n',
  };
}

/** The SDK image as a directory at `directory` and as a tar beside it, for `docker import`. */
export async function makeImage(pins: PackagePin[], directory: string): Promise<void> {
  const spec = rootSpec('rootfs', target, pins);
  const { path } = await openRoot(spec, { reporter: silentReporter, label: 'SDK image' });
  await tool(['cp', '--archive', path, directory]);
  for (const [file, content] of Object.entries(imageFiles())) {
    await mkdir(dirname(join(directory, file)), { recursive: true });
    await writeFile(join(directory, file), content);
  }
  // Mount points of ours; Debian keeps its own index of packages for nobody here.
  for (const name of ['mnt/src', 'opt/src', 'opt/_avocado']) await mkdir(join(directory, name), { recursive: true });
  await rm(join(directory, 'var/lib/apt'), { recursive: true, force: true });
  const fixed = ['--sort=name', `--mtime=@${buildTime}`, '--owner=0', '--group=0', '--numeric-owner'];
  await tool(['tar', '--create', `--file=${directory}.tar`, `--directory=${directory}`, ...fixed, '.']);
}

async function tool(argv: string[]): Promise<void> {
  const { code, stderr } = await runTool(argv);
  if (code !== 0) throw new Error(`${argv[0]} failed: ${stderr}`);
}
