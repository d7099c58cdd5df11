import { copyFile, mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';

/** Files of a runtime, on the host. */
export interface RuntimeFiles {
  machine: string;
  runtime: string;
  kernel: { file: string; version: string; kind?: string };
  rootfs: { file: string; filesystem: string };
  initramfs: string;
  /** os-release of the OS image. */
  release: string;
}

/** Upstream's volume as stone and the provision programs expect it below AVOCADO_PREFIX (contract 2.2). */
export async function layRuntimeOut(prefix: string, files: RuntimeFiles): Promise<void> {
  const { machine, runtime, kernel, rootfs } = files;
  const kind = kernel.kind ?? 'Image';
  const build = join(prefix, 'runtimes', runtime);
  const kernels = join(prefix, 'kernel', kernel.version);
  const releases = join(prefix, 'rootfs/usr/lib');
  const outputs = [join(prefix, 'output/provision'), join(prefix, 'output/runtimes', runtime)];
  for (const path of [build, kernels, releases, join(prefix, 'initramfs'), ...outputs]) {
    await mkdir(path, { recursive: true });
  }
  await copyFile(rootfs.file, join(build, `avocado-image-rootfs-${machine}.${rootfs.filesystem}`));
  await copyFile(files.initramfs, join(build, `avocado-image-initramfs-${machine}.cpio.zst`));
  await copyFile(kernel.file, join(build, kind));
  await copyFile(kernel.file, join(kernels, `${kind}-${kernel.version}`));
  await symlink(`${kind}-${kernel.version}`, join(kernels, 'Image'));
  await copyFile(files.release, join(releases, 'os-release'));
}
