import type { SdkDescriptor } from '../feed/types';
import type { RootfsOptions, RuntimeBuildOptions, TaskContext } from '../task';
import { AvocadoError } from '../error';

type Feed = SdkDescriptor['feed'];

/** What avocado.yaml can ask of an OS image that there is no way to do: said before any work is done. */
export function checkSupported(options: RootfsOptions, feed: Feed = 'debian'): void {
  const unsupported = (key: string, hint: string): AvocadoError =>
    new AvocadoError('ROOTFS_UNSUPPORTED', `the ${feed} feed does not support ${key}`, { hint });
  const { rootfs, initramfs, kernel, hostname } = options;
  for (const [name, section] of [
    ['rootfs', rootfs],
    ['initramfs', initramfs],
  ] as const) {
    if (section.post_install !== undefined) {
      throw unsupported(`${name}.post_install`, 'Ship what the script would make in an overlay, or in an extension.');
    }
    if (section.source) throw unsupported(`${name}.source`, 'Write the section into the avocado.yaml itself.');
    if (section.image !== undefined) throw unsupported(`${name}.image`, 'Take the key out.');
  }
  if (initramfs.overlay) throw unsupported('initramfs.overlay', 'Put the files into the rootfs or into an extension.');
  if (kernel?.kind === 'compiled') throw unsupported('kernel.compile', 'Use a kernel package of the feed.');
  if (!(rootfs.filesystem in erofsCompression)) {
    throw new AvocadoError('ROOTFS_FILESYSTEM_UNSUPPORTED', `the OS image cannot be made as ${rootfs.filesystem}`, {
      hint: `Use one of ${Object.keys(erofsCompression).join(', ')}.`,
    });
  }
  if (initramfs.filesystem !== 'cpio.zst') {
    throw new AvocadoError(
      'INITRAMFS_FILESYSTEM_UNSUPPORTED',
      `the initramfs cannot be made as ${initramfs.filesystem}`,
      {
        hint: 'Use cpio.zst, the default: its kernels all read it.',
      },
    );
  }
  if (!/^[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/.test(hostname)) {
    throw new AvocadoError('HOSTNAME_INVALID', `${JSON.stringify(hostname)} cannot be the name of a host`, {
      hint: 'Letters, digits and -, at most 63 of them.',
    });
  }
}

/** A runtime that asks to be signed must not come out unsigned; what only costs space or comfort is a warning. */
export function checkRuntime({ section }: RuntimeBuildOptions, { reporter }: TaskContext): void {
  if (section.post_build !== undefined) {
    throw unsupportedRuntime(
      'post_build',
      'Upstream runs it after the images are made, where it can change nothing: run it as an Nx target instead.',
    );
  }
  if (section.signing) throw unsupportedRuntime('signing', 'Its images are for evaluation: take the key out.');
  const ignored = [
    ...(section.var.compression ? ['var.compression'] : []),
    ...(section.container_dev ? ['container_dev'] : []),
  ];
  if (ignored.length > 0) reporter.warn(`runtime ${section.name}: ${ignored.join(' and ')} is ignored`);
}

/** Arguments of mkfs.erofs by `rootfs.filesystem`. */
export const erofsCompression: Record<string, string[]> = {
  erofs: [],
  'erofs-lz4': ['-z', 'lz4hc'],
  'erofs-zst': ['-z', 'zstd'],
};

function unsupportedRuntime(key: string, hint: string): AvocadoError {
  return new AvocadoError('RUNTIME_UNSUPPORTED', `${key} of a runtime is not supported`, { hint });
}
