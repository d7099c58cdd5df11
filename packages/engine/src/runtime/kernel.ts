import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { AvocadoError } from '../error';
import type { RootSpec } from '../feed/types';
import type { TaskContext } from '../task';
import { runTool } from './tools';

export interface Kernel {
  /** `6.12.107+deb13-cloud-amd64` */
  version: string;
  /** Absolute paths on the host. */
  vmlinuz: string;
  modules: string;
}

/** The one kernel of an unpacked kernel root. @throws AvocadoError `KERNEL_MISSING`, `KERNEL_AMBIGUOUS` */
export async function findKernel(root: string): Promise<Kernel> {
  const names = await readdir(join(root, 'boot')).catch(() => [] as string[]);
  const versions = names.filter((name) => name.startsWith('vmlinuz-')).map((name) => name.slice('vmlinuz-'.length));
  const [version, ...others] = versions;
  if (version === undefined) throw new AvocadoError('KERNEL_MISSING', 'the kernel packages hold no /boot/vmlinuz-*');
  if (others.length > 0) {
    throw new AvocadoError(
      'KERNEL_AMBIGUOUS',
      `the kernel packages hold several kernels: ${versions.sort().join(', ')}`,
      {
        hint: 'A runtime has one kernel.',
      },
    );
  }
  const modules = join(root, 'usr/lib/modules', version);
  if (!(await stat(modules).catch(() => undefined))?.isDirectory()) {
    throw new AvocadoError('KERNEL_MISSING', `the kernel ${version} has no modules beside it`);
  }
  return { version, vmlinuz: join(root, 'boot', `vmlinuz-${version}`), modules };
}

/**
 * modules.dep and its companions, by depmod of the build machine.
 * @returns the directory below `directory` that has them
 */
export async function indexModules(
  kernel: Kernel,
  directory: string,
  tools: RootSpec,
  context: TaskContext,
): Promise<string> {
  await runTool(
    tools,
    {
      label: `depmod of ${kernel.version}`,
      argv: ['depmod', '--basedir', '/base', '--outdir', '/work/out', kernel.version],
      mounts: [
        { source: kernel.modules, target: `/base/lib/modules/${kernel.version}` },
        { source: directory, target: '/work/out', writable: true },
      ],
    },
    context,
  );
  return join(directory, 'lib/modules', kernel.version);
}
