import { basename, dirname, join } from 'node:path';
import { machine } from '../feed/data';
import type { Machine } from '../feed/machine';
import type { RootSpec } from '../feed/types';
import type { RootfsOptions, TaskContext } from '../task';
import { imageCommandLine } from './boot-files';
import { runTool } from './tools';

/**
 * Writes `boot.efi` into the OS image's output: its kernel, initramfs and command line as one UEFI program.
 * @param output holds `rootfs.erofs`, `vmlinuz` and `initramfs.cpio.zst` already
 * @param kernel its version, and the root of its packages, which has the boot stub where the tools root has none for the machine
 */
export async function makeUki(
  output: string,
  kernel: { version: string; root: string },
  uefi: NonNullable<Machine['uefi']>,
  options: RootfsOptions,
  tools: RootSpec,
  context: TaskContext,
): Promise<void> {
  const target = machine(options.machine);
  const own = uefi.packages !== undefined;
  const stub = own ? `/work/stub/${basename(uefi.stub)}` : `/${uefi.stub}`;
  await runTool(
    tools,
    {
      label: `UEFI boot program of ${options.runtime.name}`,
      argv: [
        ...['ukify', 'build', '--linux=/work/out/vmlinuz', '--initrd=/work/out/initramfs.cpio.zst'],
        ...[
          `--cmdline=${await imageCommandLine(target, output)}`,
          `--uname=${kernel.version}`,
          `--os-release=ID=debian\nNAME=${options.runtime.name}\n`,
        ],
        ...[`--stub=${stub}`, `--efi-arch=${target.architecture === 'amd64' ? 'x64' : 'aa64'}`],
        '--output=/work/out/boot.efi',
      ],
      env: { SOURCE_DATE_EPOCH: String(options.source_date_epoch) },
      mounts: [
        { source: output, target: '/work/out', writable: true },
        ...(own ? [{ source: dirname(join(kernel.root, uefi.stub)), target: '/work/stub' }] : []),
      ],
    },
    context,
  );
}
