import type { ImageInput, KernelInput } from '../schema/image';
import type { ImageSection, KernelSection } from '../types';
import { compact, text } from './compact';
import { buildFeedPackages } from './packages';
import { buildOverlay } from './parts';

const DEFAULTS = {
  rootfs: { packages: { 'avocado-pkg-rootfs': '*' }, filesystem: 'erofs-lz4' },
  initramfs: { packages: { 'avocado-pkg-initramfs': '*' }, filesystem: 'cpio.zst' },
} as const;

/** `permissions` is the section for images that name none. */
export function buildImage(
  kind: 'rootfs' | 'initramfs',
  name: string,
  input: Omit<ImageInput, 'filesystem'> & { filesystem?: string | null | undefined },
  permissions: string | undefined,
): ImageSection {
  const { post_install, image, source } = input;
  const named = typeof input.permissions === 'string' ? input.permissions : permissions;
  return {
    name,
    packages: input.packages ? buildFeedPackages(input.packages) : { ...DEFAULTS[kind].packages },
    filesystem: input.filesystem ?? DEFAULTS[kind].filesystem,
    ...compact({ overlay: buildOverlay(input.overlay), image, post_install, permissions: named, source }),
  };
}

/** Undefined where the keys don't fit together; `rules/kernel.ts` says why. */
export function buildKernel(name: string, input: KernelInput): KernelSection | undefined {
  const { compile, install } = input;
  if (input.package && !compile) {
    return { kind: 'package', name, package: input.package, version: text(input.version) ?? '*' };
  }
  return compile && install && !input.package ? { kind: 'compiled', name, compile, install } : undefined;
}
