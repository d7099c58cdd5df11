import { machine } from '../feed/data';
import type { Machine } from '../feed/machine';
import type { RootSpec } from '../feed/types';
import type { RootfsOptions, TaskContext } from '../task';
import { imageCommandLine } from './boot-files';
import { runTool } from './tools';

/**
 * Writes `boot.efi` into the OS image's output: its kernel, initramfs and command line as one UEFI program.
 * @param output holds `rootfs.erofs`, `vmlinuz` and `initramfs.cpio.zst` already
 * @param version of the kernel
 */
export async function makeUki(
  output: string,
  version: string,
  uefi: NonNullable<Machine['uefi']>,
  options: RootfsOptions,
  tools: RootSpec,
  context: TaskContext,
): Promise<void> {
  const target = machine(options.machine);
  await runTool(
    tools,
    {
      label: `UEFI boot program of ${options.runtime.name}`,
      argv: [
        ...['ukify', 'build', '--linux=/work/out/vmlinuz', '--initrd=/work/out/initramfs.cpio.zst'],
        ...[
          `--cmdline=${await imageCommandLine(target, output)}`,
          `--uname=${version}`,
          `--os-release=ID=debian\nNAME=${options.runtime.name}\n`,
        ],
        ...[`--stub=/${uefi.stub}`, `--efi-arch=${target.architecture === 'amd64' ? 'x64' : 'aa64'}`],
        '--output=/work/out/boot.efi',
      ],
      env: { SOURCE_DATE_EPOCH: String(options.source_date_epoch) },
      mounts: [{ source: output, target: '/work/out', writable: true }],
    },
    context,
  );
}
