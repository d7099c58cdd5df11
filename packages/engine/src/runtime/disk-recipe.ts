import type { RootSpec } from '../feed/types';
import { canonicalJson, sha256, uuid5 } from '../store';
import type { Part } from './var-content';

/** Any constant would do; it must never change. */
const diskNamespace = 'b1d1f0a5-52d5-5a57-9c62-5d4f1f1a4c1e';

/** The var partition of every Avocado disk (contract 5.2). */
export const varPartitionUuid = '4d21b016-b534-45c2-a9fb-5c16e091fd2d';

const MiB = 1024 * 1024;

/** Where repart puts the first partition: on the disk's first whole MiB. */
const firstPartition = MiB;

export type PartitionContent =
  /** FAT with these files. */
  | { kind: 'esp'; fat: 16 | 32; files: { path: string; source: Part }[] }
  /** The bytes as they are. */
  | { kind: 'image'; source: Part }
  /** btrfs with what var.json lists. */
  | { kind: 'var'; source: Part };

export interface DiskPartition {
  /** GPT label. */
  name: 'boot-a' | 'boot-b' | 'rootfs-a' | 'rootfs-b' | 'var';
  /** A name of systemd-repart's: `esp`, `root-x86-64`. */
  type: string;
  uuid: string;
  /** Bytes. */
  size: number;
  /** Absent: nothing is written, for the other slot of a later update. */
  content?: PartitionContent;
}

/** `disk.json`: everything that the disk is made of, by sha256. */
export interface DiskRecipe {
  version: 1;
  machine: string;
  profile: string;
  runtime: { name: string; id: string };
  /** The kernel command line: the same by firmware and by direct kernel boot. */
  cmdline: string;
  kernel: Part;
  initramfs: Part;
  /** In their order on the disk. */
  partitions: DiskPartition[];
  /** GPT with an MBR that names the boot partition, too (mbr.ts); GPT alone where absent. */
  table?: 'hybrid';
  /** Bytes. */
  size: number;
  sourceDateEpoch: number;
  /** The image tools that put it together. */
  tools: RootSpec;
}

export interface DiskInput {
  machine: string;
  profile: string;
  architecture: 'amd64' | 'arm64';
  /** The kernel's, such as `ttyS0` or `ttyS1,115200`. */
  console: string;
  runtime: { name: string; id: string };
  rootfs: Part;
  kernel: Part;
  initramfs: Part;
  /** Files of the boot partition, by their paths on it. */
  boot: { path: string; source: Part }[];
  /** The boot partition is for firmware that is no UEFI. */
  hybrid: boolean;
  var: { source: Part; bytes: number; entries: number };
  sourceDateEpoch: number;
  tools: RootSpec;
}

export function rootPartitionUuid(machine: string, rootfs: Pick<Part, 'sha256'>): string {
  return uuid5(diskNamespace, `${machine} rootfs-a ${rootfs.sha256}`);
}

/**
 * Without `lsm=` the kernel starts BPF and AppArmor too, which nothing here uses: systemd alone then spends a second of
 * software emulation on a BPF program.
 * @param console the kernel's, such as `ttyS0` or `ttyS1,115200`
 */
export function kernelCommandLine(machine: string, rootfs: Pick<Part, 'sha256'>, console: string): string {
  return `root=PARTUUID=${rootPartitionUuid(machine, rootfs)} ro console=${console} quiet lsm=landlock,lockdown,yama`;
}

/** Upstream's partitions: two boot and two root slots, and var. The second slots are empty until an update. Pure. */
export function diskRecipe(input: DiskInput): DiskRecipe {
  const { machine, rootfs, boot, var: variable } = input;
  const uuid = (name: string, content = ''): string => uuid5(diskNamespace, `${machine} ${name} ${content}`);
  const esp = espSize(
    boot.reduce((sum, { source }) => sum + source.size, 0),
    input.hybrid,
  );
  const root = input.architecture === 'amd64' ? 'root-x86-64' : 'root-arm64';
  const slot = roundUp(Math.max(rootfs.size * 1.5, 128 * MiB), 64 * MiB);
  const partitions: DiskPartition[] = [
    {
      name: 'boot-a',
      type: 'esp',
      uuid: uuid('boot-a', boot.map(({ source }) => source.sha256).join(' ')),
      size: esp.size,
      content: { kind: 'esp', fat: esp.fat, files: boot },
    },
    // No second ESP for firmware to choose from before there is something in it.
    { name: 'boot-b', type: 'linux-generic', uuid: uuid('boot-b'), size: esp.size },
    {
      name: 'rootfs-a',
      type: root,
      uuid: rootPartitionUuid(machine, rootfs),
      size: slot,
      content: { kind: 'image', source: rootfs },
    },
    { name: 'rootfs-b', type: root, uuid: uuid('rootfs-b'), size: slot },
    {
      name: 'var',
      type: 'var',
      uuid: varPartitionUuid,
      size: varPartitionSize(variable),
      content: { kind: 'var', source: variable.source },
    },
  ];
  return {
    version: 1,
    machine,
    profile: input.profile,
    runtime: input.runtime,
    cmdline: kernelCommandLine(machine, rootfs, input.console),
    kernel: input.kernel,
    initramfs: input.initramfs,
    partitions,
    ...(input.hybrid && { table: 'hybrid' as const }),
    // And 1 MiB for the second table.
    size: partitions.reduce((sum, partition) => sum + partition.size, firstPartition + MiB),
    sourceDateEpoch: input.sourceDateEpoch,
    tools: input.tools,
  };
}

/** How a recipe is put together, as a number: raise it when the same recipe gives another disk. */
const assembly = 3;

/** The disk's name in the store: the recipe decides it. */
export function diskDigest(recipe: DiskRecipe): string {
  return sha256(canonicalJson({ recipe, assembly }));
}

/** Name of the disk with an empty var partition: the same for all runtimes and builds with this OS image and these sizes. */
export function baseDigest({ partitions, table, size, sourceDateEpoch, tools }: DiskRecipe): string {
  const base = partitions.map(({ content, ...partition }) =>
    content?.kind === 'var' ? partition : { ...partition, content },
  );
  return sha256(canonicalJson({ base, table, size, sourceDateEpoch, tools: tools.digest, assembly }));
}

/** Bytes before the partition. */
export function partitionOffset({ partitions }: Pick<DiskRecipe, 'partitions'>, name: DiskPartition['name']): number {
  const before = partitions.slice(
    0,
    partitions.findIndex((partition) => partition.name === name),
  );
  return before.reduce((sum, { size }) => sum + size, firstPartition);
}

/**
 * Firmware reads FAT32 only with at least 65525 clusters, which 64 MiB do not have (measured: it finds nothing to boot);
 * as FAT16 they work.
 * @param board firmware of a board: that of the Raspberry Pi took every FAT for FAT32 until 2021
 */
function espSize(bytes: number, board: boolean): { size: number; fat: 16 | 32 } {
  return bytes <= 56 * MiB && !board
    ? { size: 64 * MiB, fat: 16 }
    : { size: roundUp(Math.max(bytes * 1.25, 300 * MiB), 4 * MiB), fat: 32 };
}

/** Room for the content, for as much again (a second version of every extension), and for the device's own data. */
function varPartitionSize({ bytes, entries }: { bytes: number; entries: number }): number {
  const metadata = entries * 16 * 1024;
  return roundUp((bytes + metadata) * 2 + 512 * MiB, 64 * MiB);
}

function roundUp(value: number, unit: number): number {
  return Math.ceil(value / unit) * unit;
}
