import { z } from 'zod';
import { initramfs, kernel, rootfs } from './image';
import { packages } from './packages';
import { subvolumes } from './parts';
import { because, imagePath, line, lineOrNumber, named, nameKey, section, sourcePath } from './strict';

const listedExtension = z.union([
  nameKey,
  named(section({ enabled: z.boolean().nullish().describe('true by default.') }).nullable()).refine(
    (entry) => Object.keys(entry).length === 1,
    because('one extension per list entry', {
      code: 'CONFIG_VALUE',
      hint: "Write '- name' or '- name: {enabled: false}'.",
    }),
  ),
]);

const stoneManifest = z
  .string()
  .refine(
    (text) => text.startsWith('$') || sourcePath.safeParse(text).success,
    because('the path must be below src_dir or start with a variable of the SDK', { code: 'CONFIG_PATH_OUTSIDE' }),
  );

export const runtime = section({
  target: line.nullish().describe('Machine target that it is for; all by default.'),
  target_board: line.nullish().describe('avocado.target.board for this runtime.'),
  version: lineOrNumber.nullish().describe('Stands in the manifest and in os-release.'),
  packages: packages.nullish(),
  extensions: z.array(listedExtension).nullish().describe('In merge order: the first one wins.'),
  kernel: z.union([nameKey, kernel]).nullish().describe('A section of kernel, or one written here.'),
  rootfs: z.union([nameKey, rootfs]).nullish().describe('A section of rootfs, or one written here.'),
  initramfs: z.union([nameKey, initramfs]).nullish().describe('A section of initramfs, or one written here.'),
  stone_include_paths: z.array(sourcePath).nullish().describe('Directories with boot files.'),
  stone_manifest: stoneManifest.nullish().describe("Partition layout; the SDK's own for the target by default."),
  signing: section({
    key: nameKey.nullish().describe('Name in signing_keys.'),
    checksum_algorithm: z.enum(['sha256', 'blake3']).nullish().describe('sha256 by default.'),
    content_key: line.nullish().describe('Key for the content.'),
    server_key: line.nullish().describe('Public key of the server.'),
  })
    .nullish()
    .describe('How the runtime is signed.'),
  var: section({
    compression: line.nullish().describe('Compression of the var partition.'),
    subvolumes: subvolumes.nullish(),
  })
    .nullish()
    .describe('The var partition.'),
  var_files: z
    .array(
      section({
        source: sourcePath.describe('File or directory below src_dir.'),
        dest: imagePath.describe('Path in the var partition.'),
      }),
    )
    .nullish()
    .describe('Files to copy to the var partition.'),
  post_build: sourcePath.nullish().describe('Script to run after the build.'),
  container_dev: z.record(z.string(), z.unknown()).nullish().describe('Live container development.'),
  type: line.nullish().describe('Kind of signed manifest; kos signs an AMF manifest.'),
}).meta({ id: 'runtime' });

export const runtimes = named(runtime.nullable()).describe('Bootable products by name.');

export type RuntimeInput = z.infer<typeof runtime>;
