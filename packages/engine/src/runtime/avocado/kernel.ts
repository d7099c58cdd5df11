import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { compareKernelVersions, matchesKernelSpec } from '../../config/kernel-version';
import { AvocadoError } from '../../error';

export interface KernelImage {
  version: string;
  /** What kind of image it is, as stone's manifest names the file: `bzImage`, `Image`. */
  kind: string;
  /** Absolute path on the host. */
  path: string;
}

const image = /^(bzImage|Image(?:\.gz)?|zImage|fitImage|vmlinuz)-(.+)$/;

/**
 * The newest kernel of the kernel packages (`kernel-image-<version>`) that fits, as upstream chooses it.
 * @param spec `kernel.version` of avocado.yaml
 * @throws AvocadoError `KERNEL_MISSING`, `KERNEL_UNAVAILABLE`
 */
export async function findKernelImage(root: string, spec = '*'): Promise<KernelImage> {
  const entries = await readdir(join(root, 'boot'), { withFileTypes: true }).catch(() => []);
  const found = entries.flatMap((entry) => {
    const [, kind, version] = (entry.isFile() && image.exec(entry.name)) || [];
    return kind && version ? [{ version, kind, path: join(root, 'boot', entry.name) }] : [];
  });
  if (found.length === 0) {
    throw new AvocadoError('KERNEL_MISSING', 'the kernel packages hold no /boot/<image>-<version>');
  }
  found.sort((a, b) => compareKernelVersions(b.version, a.version));
  const newest = found.find(({ version }) => matchesKernelSpec(version, spec));
  if (newest) return newest;
  const versions = found.map(({ version }) => version).join(', ');
  throw new AvocadoError('KERNEL_UNAVAILABLE', `no kernel of the feed is ${spec}: it has ${versions}`, {
    hint: 'Change kernel.version in avocado.yaml.',
  });
}
