import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { AvocadoError } from '../../error';

export interface KernelImage {
  version: string;
  /** What kind of image it is, as stone's manifest names the file: `bzImage`, `Image`. */
  kind: string;
  /** Absolute path on the host. */
  path: string;
}

const image = /^(bzImage|Image(?:\.gz)?|zImage|fitImage|vmlinuz)-(.+)$/;

/** The one kernel of the kernel packages (`kernel-image-<version>`). @throws AvocadoError `KERNEL_MISSING`, `KERNEL_AMBIGUOUS` */
export async function findKernelImage(root: string): Promise<KernelImage> {
  const entries = await readdir(join(root, 'boot'), { withFileTypes: true }).catch(() => []);
  const found = entries.flatMap((entry) => {
    const [, kind, version] = (entry.isFile() && image.exec(entry.name)) || [];
    return kind && version ? [{ version, kind, path: join(root, 'boot', entry.name) }] : [];
  });
  const [only, ...others] = found;
  if (!only) throw new AvocadoError('KERNEL_MISSING', 'the kernel packages hold no /boot/<image>-<version>');
  if (others.length === 0) return only;
  const versions = found.map(({ version }) => version).sort();
  throw new AvocadoError('KERNEL_AMBIGUOUS', `the feed has several kernels: ${versions.join(', ')}`, {
    hint: `Name one in avocado.yaml: kernel: { package: kernel-image, version: ${versions.at(-1)} }`,
  });
}
