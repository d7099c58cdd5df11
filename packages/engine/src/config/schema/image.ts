import { z } from 'zod';
import { feedPackages } from './packages';
import { imageFormat, overlay, permissions } from './parts';
import { lineOrNumber, nameKey, section, sourcePath } from './strict';

function image(filesystems: readonly [string, ...string[]], id: string) {
  return section({
    packages: feedPackages.nullish(),
    filesystem: z.enum(filesystems).nullish().describe(`${filesystems[0]} by default.`),
    overlay: overlay.nullish(),
    image: imageFormat.nullish(),
    post_install: sourcePath.nullish().describe('Script that replaces the default steps after installation.'),
    permissions: z.union([nameKey, permissions]).nullish().describe('A section of permissions, or one written here.'),
    source: section({ type: z.literal('path').describe('A file.'), path: sourcePath.describe('File below src_dir.') })
      .nullish()
      .describe('A file that holds this section.'),
  }).meta({ id });
}

export const rootfs = image(['erofs-lz4', 'erofs-zst'], 'rootfs');
export const initramfs = image(['cpio.zst', 'cpio', 'cpio.lz4', 'cpio.gz'], 'initramfs');

/** Which keys go together is a rule, for the sake of its message (rules/kernel.ts). */
export const kernel = section({
  package: nameKey.nullish().describe('Kernel package of the feed.'),
  version: lineOrNumber.nullish().describe("Exact, '5.15.*', or a range such as '>= 6.6, < 6.12'."),
  compile: nameKey.nullish().describe('Section of sdk.compile that builds it.'),
  install: sourcePath.nullish().describe('Script that copies it to $AVOCADO_RUNTIME_BUILD_DIR.'),
}).meta({ id: 'kernel' });

export type ImageInput = z.infer<typeof rootfs>;
export type KernelInput = z.infer<typeof kernel>;
