import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DiskPartition } from './disk-recipe';
import { hybridMbr, writeMbr } from './mbr';

const MiB = 1024 * 1024;
const partition = (name: DiskPartition['name'], size: number): DiskPartition => ({ name, type: 't', uuid: name, size });
const partitions = [
  partition('boot-a', 300 * MiB),
  partition('boot-b', 300 * MiB),
  partition('rootfs-a', 128 * MiB),
  partition('rootfs-b', 128 * MiB),
  partition('var', MiB),
];

/** Type, first sector and number of sectors of each entry. */
function parse(mbr: Buffer): number[][] {
  return [0, 16, 32, 48].map((at) => [mbr[at + 4] ?? -1, mbr.readUInt32LE(at + 8), mbr.readUInt32LE(at + 12)]);
}

test('the boot partition is first, and the entry of the GPT neither first nor second', () => {
  expect(parse(hybridMbr({ partitions }))).toEqual([
    [0x0c, 2048, 300 * 2048],
    [0x83, 2048 + 600 * 2048, 128 * 2048],
    [0xee, 1, 2047],
    [0, 0, 0],
  ]);
});

test('nothing but the entries is written', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'nx-avocado-mbr-'));
  try {
    const disk = join(directory, 'disk');
    const before = Buffer.alloc(2048, 0x55);
    writeFileSync(disk, before);
    const mbr = hybridMbr({ partitions });
    await writeMbr(disk, mbr);
    const after = readFileSync(disk);
    expect(after).toEqual(Buffer.concat([before.subarray(0, 446), mbr, before.subarray(510)]));
  } finally {
    rmSync(directory, { recursive: true });
  }
});
