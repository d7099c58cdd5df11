import type { DiskPartition } from './disk-recipe';

/** Where things stand in the sandbox while a disk is put together. */
export const repartPlaces = {
  definitions: '/work/disk/definitions',
  /** The files of the ESP, by number. */
  esp: '/work/disk/esp',
  temporary: '/work/disk/tmp',
  disk: '/work/disk/disk.raw',
};

export interface RepartFile {
  /** In the sandbox. */
  source: string;
  /** In the partition. */
  target: string;
}

/** What repart copies into each partition: whole files by partition name, or the bytes of an image. */
export interface RepartSources {
  files: Partial<Record<DiskPartition['name'], RepartFile[]>>;
  blocks: Partial<Record<DiskPartition['name'], string>>;
}

/** Files of repart.d(5), by name; their order is the partitions' order on the disk. The var partition stays empty. Pure. */
export function repartDefinitions(partitions: DiskPartition[], sources: RepartSources): Record<string, string> {
  return Object.fromEntries(
    partitions.map((partition, at) => [
      `${String(at + 1).padStart(2, '0')}-${partition.name}.conf`,
      ['[Partition]', ...definition(partition, sources), ''].join('\n'),
    ]),
  );
}

function definition({ name, type, uuid, size, content }: DiskPartition, sources: RepartSources): string[] {
  const lines = [
    `Type=${type}`,
    `Label=${name}`,
    `UUID=${uuid}`,
    `SizeMinBytes=${size}`,
    `SizeMaxBytes=${size}`,
    // Padding between partitions would depend on repart's version.
    'PaddingMaxBytes=0',
  ];
  const files = (sources.files[name] ?? []).map(
    ({ source, target }) => `CopyFiles=${escape(source)}:${escape(target)}`,
  );
  if (content?.kind === 'esp') return [...lines, 'Format=vfat', ...files];
  if (content?.kind === 'image') return [...lines, `CopyBlocks=${escape(sources.blocks[name] ?? '')}`];
  // The boot makes a filesystem that is smaller than its partition as large as that.
  if (content?.kind === 'var') return [...lines, 'GrowFileSystem=yes'];
  return lines;
}

/** `%` begins a specifier in these files. */
function escape(path: string): string {
  return path.replaceAll('%', '%%');
}

/** Offline: no loop device, no mount, and so no privileges. */
export function repartArguments(seed: string, size: number): string[] {
  return [
    ...['systemd-repart', '--offline=yes', '--dry-run=no', '--no-pager', '--empty=create', `--size=${size}`],
    ...[`--seed=${seed}`, `--definitions=${repartPlaces.definitions}`, repartPlaces.disk],
  ];
}
