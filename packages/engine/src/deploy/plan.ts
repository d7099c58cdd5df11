import { changedBlocks, blockSize } from './blocks';
import type { BlockRun } from './blocks';
import { keptImage } from './kept';
import type { BuiltRuntime, LocalImage } from './runtime';
import type { DeviceState } from './state';

/** An image that the device lacks, and how it gets it. */
export interface Transfer {
  image_id: string;
  image: LocalImage;
  /** Only these blocks, laid over an image that the device has; absent: the whole. */
  patch?: { from: string; runs: BlockRun[] };
}

/** Runs of blocks in one patch at most: the device starts a program for each. */
const runLimit = 256;

/** What has to be sent. Each image once, in the order of the manifest. @throws AvocadoError `OUTPUT_CORRUPT` */
export async function planTransfers(
  { manifest, images }: Pick<BuiltRuntime, 'manifest' | 'images'>,
  state: Pick<DeviceState, 'images' | 'extensions'>,
): Promise<Transfer[]> {
  const transfers = new Map<string, Transfer>();
  for (const { name, image_id } of manifest.extensions) {
    if (state.images.has(image_id) || transfers.has(image_id)) continue;
    const image = images.get(image_id);
    // Of an extension's own deploy, the other images are the device's; if one is not there, the device says so.
    if (!image) continue;
    const former = state.extensions.find((one) => one.name === name)?.image_id;
    const patch = former !== undefined && state.images.has(former) ? await patchFrom(former, image) : undefined;
    transfers.set(image_id, { image_id, image, ...(patch && { patch }) });
  }
  return [...transfers.values()];
}

async function patchFrom(former: string, image: LocalImage): Promise<Transfer['patch']> {
  const path = await keptImage(former);
  const runs = path && (await changedBlocks({ path, image_id: former }, image));
  if (!runs || runs.length > runLimit || patchSize(runs) >= image.size) return undefined;
  return { from: former, runs };
}

/** Bytes of content. */
export function patchSize(runs: readonly BlockRun[]): number {
  return runs.reduce((sum, { count }) => sum + count * blockSize, 0);
}
