import { open } from 'node:fs/promises';
import { partitionOffset } from './disk-recipe';
import type { DiskPartition, DiskRecipe } from './disk-recipe';

const sector = 512;

/** Where the four entries stand in the first sector, and how long each is. */
const entries = { offset: 446, count: 4, bytes: 16 };

/** "Beyond what cylinders, heads and sectors can say": all programs count sectors. */
const noChs = [0xfe, 0xff, 0xff];

/**
 * The entries of an MBR beside a GPT, for firmware that reads an MBR better. The boot partition is first, and the one that
 * tells of the GPT is third: with that in the first or second place start4.elf of Debian 13 finds no kernel on a card (it
 * cannot read a GPT when the board's bootloader is of 2025 or later). Linux takes the GPT wherever the entry stands. Pure.
 */
export function hybridMbr(recipe: Pick<DiskRecipe, 'partitions'>): Buffer {
  const ofPartition = (name: DiskPartition['name'], type: number): Buffer => {
    const partition = recipe.partitions.find((found) => found.name === name);
    return entry(type, partitionOffset(recipe, name), partition?.size ?? 0);
  };
  const first = partitionOffset(recipe, recipe.partitions[0]?.name ?? 'boot-a');
  return Buffer.concat([
    // FAT32, then Linux, then what keeps other programs off the GPT.
    ofPartition('boot-a', 0x0c),
    ofPartition('rootfs-a', 0x83),
    entry(0xee, sector, first - sector),
    Buffer.alloc(entries.bytes),
  ]);
}

/** @param offset @param size bytes */
function entry(type: number, offset: number, size: number): Buffer {
  const buffer = Buffer.from([0, ...noChs, type, ...noChs, ...Array<number>(8).fill(0)]);
  buffer.writeUInt32LE(offset / sector, 8);
  buffer.writeUInt32LE(size / sector, 12);
  return buffer;
}

/** Puts the entries into a disk that has an MBR. */
export async function writeMbr(disk: string, mbr: Buffer): Promise<void> {
  const file = await open(disk, 'r+');
  try {
    await file.write(mbr, 0, entries.count * entries.bytes, entries.offset);
  } finally {
    await file.close();
  }
}
