import { baseDigest, diskDigest, diskRecipe, partitionOffset } from './disk-recipe';
import type { DiskInput } from './disk-recipe';
import { repartArguments, repartDefinitions } from './repart';

const MiB = 1024 * 1024;
const part = (path: string, size: number) => ({ path, sha256: '0'.repeat(64), size });
const input: DiskInput = {
  machine: 'qemux86-64',
  profile: 'img',
  architecture: 'amd64',
  console: 'ttyS0',
  runtime: { name: 'dev', id: 'r' },
  rootfs: part('rootfs.erofs', 80 * MiB),
  kernel: part('vmlinuz', 1),
  initramfs: part('initramfs.cpio.zst', 1),
  boot: [{ path: 'EFI/BOOT/BOOTX64.EFI', source: part('boot.efi', 14 * MiB) }],
  hybrid: false,
  var: { source: part('var.json', 1), bytes: 10 * MiB, entries: 20 },
  sourceDateEpoch: 0,
  tools: { method: 'unpack', architecture: 'amd64', packages: [], digest: 'd' },
};

test("upstream's partitions, with var's own id and room for a second version of everything", () => {
  const recipe = diskRecipe(input);
  expect(recipe.partitions.map(({ name, type, size }) => [name, type, size / MiB])).toEqual([
    ['boot-a', 'esp', 64],
    ['boot-b', 'linux-generic', 64],
    ['rootfs-a', 'root-x86-64', 128],
    ['rootfs-b', 'root-x86-64', 128],
    ['var', 'var', 576],
  ]);
  expect(recipe.partitions[4]?.uuid).toBe('4d21b016-b534-45c2-a9fb-5c16e091fd2d');
  expect(recipe.size).toBe(recipe.partitions.reduce((sum, { size }) => sum + size, 2 * MiB));
  expect(recipe.cmdline).toContain(`root=PARTUUID=${recipe.partitions[2]?.uuid} ro console=ttyS0`);
  expect(new Set(recipe.partitions.map(({ uuid }) => uuid)).size).toBe(5);
});

test('another OS image has another partition id, and so another disk', () => {
  const other = { ...input, rootfs: { ...input.rootfs, sha256: '1'.repeat(64) } };
  expect(diskRecipe(other).cmdline).not.toBe(diskRecipe(input).cmdline);
  expect(diskDigest(diskRecipe(other))).not.toBe(diskDigest(diskRecipe(input)));
  expect(diskDigest(diskRecipe({ ...input }))).toBe(diskDigest(diskRecipe(input)));
});

test('a boot program too large for FAT16 gets an ESP that firmware reads as FAT32', () => {
  const boot = [{ path: 'EFI/BOOT/BOOTX64.EFI', source: part('boot.efi', 100 * MiB) }];
  expect(diskRecipe({ ...input, boot }).partitions[0]).toMatchObject({ size: 300 * MiB, content: { fat: 32 } });
});

test('firmware of a board gets FAT32, however little is on it, and an MBR beside the GPT', () => {
  const boot = ['start4.elf', 'vmlinuz'].map((path) => ({ path, source: part(path, MiB) }));
  const recipe = diskRecipe({ ...input, boot, hybrid: true });
  expect(recipe.partitions[0]).toMatchObject({ size: 300 * MiB, content: { fat: 32, files: boot } });
  expect(recipe.table).toBe('hybrid');
  const { table: _, ...plain } = recipe;
  expect(baseDigest(plain)).not.toBe(baseDigest(recipe));
});

test('repart gets what goes where', () => {
  const definitions = repartDefinitions(diskRecipe(input).partitions, {
    files: { 'boot-a': [{ source: '/parts/1', target: '/EFI/BOOT/100%.EFI' }] },
    blocks: { 'rootfs-a': '/parts/2' },
  });
  expect(Object.keys(definitions)).toEqual([
    '01-boot-a.conf',
    '02-boot-b.conf',
    '03-rootfs-a.conf',
    '04-rootfs-b.conf',
    '05-var.conf',
  ]);
  expect(definitions['01-boot-a.conf']).toContain('Format=vfat\nCopyFiles=/parts/1:/EFI/BOOT/100%%.EFI\n');
  expect(definitions['02-boot-b.conf']).not.toMatch(/Format|Copy/);
  expect(definitions['03-rootfs-a.conf']).toContain('CopyBlocks=/parts/2\n');
  expect(definitions['05-var.conf']).not.toMatch(/Format|Copy/);
  expect(repartArguments('s', 5)).toContain('--offline=yes');
});

test('what is kept of a disk does not change with the extensions, but with the OS image', () => {
  const base = baseDigest(diskRecipe(input));
  const edited = { ...input, runtime: { name: 'dev', id: 's' }, var: { ...input.var, source: part('other.json', 2) } };
  expect(baseDigest(diskRecipe(edited))).toBe(base);
  expect(baseDigest(diskRecipe({ ...input, rootfs: part('other.erofs', 80 * MiB) }))).not.toBe(base);
  expect(baseDigest(diskRecipe({ ...input, var: { ...input.var, bytes: 900 * MiB } }))).not.toBe(base);
});

test('where a partition begins', () => {
  expect(partitionOffset(diskRecipe(input), 'boot-a')).toBe(MiB);
  expect(partitionOffset(diskRecipe(input), 'var')).toBe((1 + 64 + 64 + 128 + 128) * MiB);
});
