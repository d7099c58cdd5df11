import type { Filesystem } from '../config/types';

export interface PackPlan {
  filesystem: Filesystem;
  /** Seconds since 1970: every time in the image. */
  sourceDateEpoch: number;
  /** Directory inside the SDK. */
  sysroot: string;
  /** File inside the SDK; it must not exist. */
  image: string;
}

/** Package managers' state: never in an image, whatever a script left there. */
const excluded = ['var/lib/rpm', 'var/lib/dnf', 'var/cache/dnf', 'var/lib/dpkg', 'var/lib/apt', 'var/cache/apt'];

/**
 * The command that packs a sysroot: the same tree gives the same bytes, whoever builds it and in whatever order the
 * directory lists it (contract 2.5). No extended attributes, all of root.
 */
export function packArguments({ filesystem, sourceDateEpoch, sysroot, image }: PackPlan): string[] {
  const epoch = String(sourceDateEpoch);
  if (filesystem === 'squashfs') {
    return [
      // mksquashfs refuses its own time options where the variable is set.
      ...['env', '-u', 'SOURCE_DATE_EPOCH'],
      ...['mksquashfs', sysroot, image, '-noappend', '-no-xattrs', '-reproducible', '-all-root'],
      // The default level takes 26 times as long for 16 % less.
      ...['-comp', 'zstd', '-Xcompression-level', '3', '-mkfs-time', epoch, '-all-time', epoch],
      ...['-quiet', '-no-progress', '-e', ...excluded],
    ];
  }
  const compression = { erofs: [], 'erofs-lz4': ['-z', 'lz4hc'], 'erofs-zst': ['-z', 'zstd'] }[filesystem];
  return [
    ...['mkfs.erofs', '--quiet', '-T', epoch, '-U', '00000000-0000-0000-0000-000000000000', '-x', '-1', '--all-root'],
    ...compression,
    ...excluded.map((path) => `--exclude-path=${path}`),
    ...[image, sysroot],
  ];
}
