import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AvocadoError } from '../error';
import type { Machine, MachineKernel } from '../feed/machine';
import { sha256File } from '../store';
import { kernelCommandLine } from './disk-recipe';

export interface BootFile {
  /** On the boot partition. */
  path: string;
  /** In the OS image's output. */
  output: string;
}

/** What the OS image's output has under another name than the boot partition. */
const ofTheImage: Record<string, string> = { '{kernel}': 'vmlinuz', '{initramfs}': 'initramfs.cpio.zst' };

/** What is on the machine's boot partition. Pure. */
export function bootFiles({ uefi, boot }: Pick<Machine, 'uefi' | 'boot'>): BootFile[] {
  if (uefi) return [{ path: uefi.boot, output: 'boot.efi' }];
  const { files = {}, texts = {} } = boot ?? {};
  return [
    ...Object.entries(files).map(([path, from]) => ({ path, output: ofTheImage[from] ?? `boot/${path}` })),
    ...Object.keys(texts).map((path) => ({ path, output: `boot/${path}` })),
  ];
}

/**
 * Writes what a board's own firmware reads into the OS image's output, below `boot`, but for the kernel and the initramfs,
 * which stand there already.
 * @param packages root of the kernel's and the firmware's packages
 * @param version of the kernel
 * @param output holds `rootfs.erofs` already
 * @throws AvocadoError `BOOT_FILE_MISSING`
 */
export async function writeBootFiles(
  machine: Machine,
  packages: string,
  version: string,
  output: string,
): Promise<void> {
  const { files = {}, texts = {} } = machine.boot ?? {};
  const place = async (path: string): Promise<string> => {
    const file = join(output, 'boot', path);
    await mkdir(dirname(file), { recursive: true });
    return file;
  };
  for (const [path, text] of Object.entries(texts)) await writeFile(await place(path), text);
  for (const [path, from] of Object.entries(files)) {
    if (Object.hasOwn(ofTheImage, from)) continue;
    if (from === '{cmdline}') await writeFile(await place(path), `${await imageCommandLine(machine, output)}\n`);
    else await copyPackaged(join(packages, from.replaceAll('{version}', version)), await place(path), from);
  }
}

async function copyPackaged(source: string, file: string, name: string): Promise<void> {
  await copyFile(source, file).catch((cause: unknown) => {
    throw new AvocadoError('BOOT_FILE_MISSING', `the packages of the kernel and the firmware hold no ${name}`, {
      hint: 'The boot partition needs it: use a kernel package that brings the device trees of the board.',
      cause,
    });
  });
}

/** The command line of the OS image in an output that holds `rootfs.erofs`. */
export async function imageCommandLine({ name, kernel }: Machine, output: string): Promise<string> {
  const rootfs = { sha256: await sha256File(join(output, 'rootfs.erofs')) };
  return kernelCommandLine(name, rootfs, kernelConsole(kernel));
}

/** Value of `console=` on the kernel's command line. Pure. */
export function kernelConsole({ console, baud }: Pick<MachineKernel, 'console' | 'baud'>): string {
  return baud === undefined ? console : `${console},${baud}`;
}
