import { feedData } from '../../packages/engine/src/feed/data';
import { fetchPackages } from '../../packages/engine/src/feed/fetch';
import type { PackagePin } from '../../packages/engine/src/feed/types';
import { silentReporter } from '../../packages/engine/src/report';
import { convertDebs } from './convert';
import { debianPins, target } from './debian';
import { environmentFiles } from './environment';
import { packageExtensions } from './extensions';
import { machineName } from './layout';
import { metadataPackage } from './metadata';
import type { Package, PackageFile } from './package';
import { stoneFiles, vmFiles } from './sdk-programs';
import { initramfsFiles, systemFiles } from './system';

/** What the SDK image has: the package manager, a shell, and what a compiler needs of the system that it runs on. */
const imagePackages = ['base-files', 'bash', 'ca-certificates', 'curl', 'dnf', 'libc6-dev', 'procps', 'rpm'];

const imageTools = [
  'btrfs-progs',
  'cpio',
  'dosfstools',
  'e2fsprogs',
  'erofs-utils',
  'kmod',
  'mtools',
  'squashfs-tools',
];
const hostTools = [...imageTools, 'file', 'make', 'patch', 'pkgconf', 'zstd'];
const compilers = ['binutils', 'cargo-web', 'g++', 'gcc', 'libgcc-14-dev', 'rustc-web', ...target.cross];

/** What stone and vm run beside the image tools. */
const stoneTools = ['fdisk', 'systemd-boot-efi'];
const emulator = ['ovmf', 'qemu-system-x86', 'seabios'];

/** Debian packages that extensions and the OS image may ask for by Debian's own name. */
const shipped = ['busybox-static', 'htop', 'less', 'tree'];

const meta = '1.0-r0';

/** A package that the second snapshot has in a newer version alone. */
export const movedPackages: Package[] = [greeting('1.1-r0')];

function greeting(evr: string): Package {
  const files = [{ path: '/usr/share/greeting', content: `version ${evr}\n` }];
  return { group: 'target', name: 'greeting', evr, recommends: ['greeting-extra'], files };
}

/** Debian packages of the SDK image. */
export async function imagePins(): Promise<PackagePin[]> {
  return (await debianPins({ rootfs: imagePackages })).rootfs ?? [];
}

/**
 * Every package of the feed at its first snapshot. The compilers, libraries and tools are Debian's own files; what has an
 * Avocado name and no counterpart in Debian only depends on them.
 */
export async function catalog(image: readonly PackagePin[]): Promise<Package[]> {
  const inImage = new Set(image.map(({ name }) => name));
  const { toolchain = [] } = await debianPins({ toolchain: [...hostTools, ...compilers, ...stoneTools] });
  const sdk = toolchain.filter(({ name }) => !inImage.has(name));
  const { sysroot = [] } = await debianPins({
    sysroot: [...(feedData().roots.sysroot.base ?? []), 'libstd-rust-web-dev'],
  });
  const { rootfs = [] } = await debianPins({ rootfs: [...rootfsNames(), ...shipped] });
  const { emulator: machine = [] } = await debianPins({ emulator });
  const inSdk = new Set(toolchain.map(({ name }) => name));
  const machinePackages = machine.filter(({ name }) => !inImage.has(name) && !inSdk.has(name));
  const { initramfs = [] } = await debianPins({ initramfs: ['busybox-static'] });
  const { kernel = [] } = await debianPins({ kernel: target.kernel.packages });
  const linux = kernel.find(({ name }) => /^linux-image-\d/.test(name));
  if (!linux) throw new Error('Debian has no kernel');
  const kernelVersion = linux.name.replace('linux-image-', '');
  const kernelName = `kernel-image-${kernelVersion}`;
  const system = [...new Map([...sysroot, ...rootfs, ...initramfs].map((pin) => [pin.name, pin])).values()];
  await fetchPackages([...sdk, ...machinePackages, ...system, linux], { reporter: silentReporter });

  const native = (name: string): string => `nativesdk-${name}`;
  const wanted = (names: readonly string[]): string[] => names.filter((name) => !inImage.has(name)).map(native);
  const sdkMeta = (name: string, requires: string[], files: PackageFile[] = []): Package => ({
    ...{ group: 'sdk', name, evr: meta, requires, files },
  });
  const targetMeta = (name: string, requires: string[]): Package => ({ group: 'target', name, evr: meta, requires });
  return [
    metadataPackage(),
    sdkMeta('avocado-sdk-bootstrap', [], environmentFiles()),
    sdkMeta('avocado-sdk-toolchain', [...wanted(hostTools), 'avocado-stone']),
    sdkMeta('nativesdk-cargo', wanted(['cargo-web'])),
    sdkMeta('nativesdk-glibc-dev', []),
    sdkMeta('nativesdk-libgcc-dev', wanted(['libgcc-14-dev'])),
    sdkMeta('nativesdk-rust', wanted(['rustc-web'])),
    sdkMeta(`packagegroup-rust-cross-canadian-avocado-${machineName}`, wanted([...target.cross, 'rustc-web'])),
    sdkMeta('avocado-stone', wanted(stoneTools), stoneFiles()),
    sdkMeta('nativesdk-avocado-vm', wanted(emulator), vmFiles()),
    ...(await convertDebs([...sdk, ...machinePackages], 'sdk', native)),
    ...(await convertDebs(system, 'target', (name) => name)),
    { ...targetMeta('avocado-pkg-initramfs', ['busybox-static', 'kmod', kernelName]), files: initramfsFiles() },
    { ...targetMeta('avocado-pkg-rootfs', [...rootfsNames(), kernelName]), files: systemFiles() },
    {
      group: 'machine',
      name: kernelName,
      evr: meta,
      deb: linux.sha256,
      moves: [[`/boot/vmlinuz-${kernelVersion}`, `/boot/bzImage-${kernelVersion}`]],
    },
    targetMeta('avocado-runtime', []),
    targetMeta('avocado-sdk-target-sysroot', feedData().roots.sysroot.base ?? []),
    targetMeta('glibc-dev', ['libc6-dev']),
    targetMeta('libstd-rs', ['libstd-rust-web-dev']),
    targetMeta('libstd-rs-dev', ['libstd-rs']),
    greeting('1.0-r0'),
    targetMeta('greeting-extra', []),
    ...packageExtensions(),
  ];
}

function rootfsNames(): string[] {
  return feedData().packages.rootfs?.['avocado-pkg-rootfs'] ?? [];
}
