import { mkdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { keepImages } from '../deploy/kept';
import { formatSize, uuid5 } from '../store';
import type { TaskContext } from '../task';
import { openBase } from './disk-base';
import { partitionOffset } from './disk-recipe';
import type { DiskPartition, DiskRecipe } from './disk-recipe';
import { provePart } from './parts';
import { runTool } from './tools';
import { localImages } from './var-content';
import type { VarContent } from './var-content';
import { stageVar } from './var-staging';

/** Any constant would do; it must never change. */
const filesystemNamespace = '0e3f2a0c-9f7e-5b43-8f6e-6c6a3e9c1b77';

/**
 * Writes what an image has of data, and skips its holes, at an offset in another: of a var partition of several hundred
 * MB a few are data. No tool of coreutils or util-linux does that (dd reads the holes, which takes ten times as long).
 */
const splice = `
import os, sys
source, target = os.open(sys.argv[1], os.O_RDONLY), os.open(sys.argv[2], os.O_WRONLY)
offset, size, at = int(sys.argv[3]), os.fstat(source).st_size, 0
while at < size:
    try:
        start = os.lseek(source, at, os.SEEK_DATA)
    except OSError:
        break
    at = os.lseek(source, start, os.SEEK_HOLE)
    while start < at:
        start += os.copy_file_range(source, target, at - start, start, offset + start)
`;

/**
 * Puts a disk together: what is the same for all builds with this OS image comes from the store, the var partition is made.
 * @param work an empty directory
 * @returns path of the disk in it: raw, sparse
 * @throws AvocadoError `OUTPUT_MISSING`, `OUTPUT_CORRUPT`, `COMMAND_FAILED`
 */
export async function assembleDisk(
  recipe: DiskRecipe,
  project: string,
  work: string,
  context: TaskContext,
): Promise<string> {
  const step = context.reporter.step(`put the disk of ${recipe.runtime.name} together`);
  const base = await openBase(recipe, project, context);
  const mounts = [
    { source: base, target: '/work/base.raw' },
    { source: work, target: '/work/disk', writable: true },
  ];
  const run = (label: string, argv: string[]): Promise<string> =>
    runTool(recipe.tools, { label, argv, mounts }, context);
  // One after the other: where a command runs in a container, the directory is its own for that time.
  const variable = await makeVar(recipe, work, context, run);
  await run(`disk of ${recipe.runtime.name}`, [
    ...['cp', '--sparse=auto', '--reflink=auto', '/work/base.raw', '/work/disk/disk.raw'],
  ]);
  if (variable) {
    const offset = String(partitionOffset(recipe, variable.name));
    await run(`disk of ${recipe.runtime.name}`, [
      'python3',
      '-c',
      splice,
      '/work/disk/var.raw',
      '/work/disk/disk.raw',
      offset,
    ]);
  }
  const disk = join(work, 'disk.raw');
  const { size, blocks } = await stat(disk);
  step.done(`${formatSize(blocks * 512)} of ${formatSize(size)}`);
  return disk;
}

/** `var.raw`: a btrfs as large as its partition. */
async function makeVar(
  recipe: DiskRecipe,
  work: string,
  { workspaceRoot, signal }: TaskContext,
  run: (label: string, argv: string[]) => Promise<string>,
): Promise<DiskPartition | undefined> {
  const partition = recipe.partitions.find(({ content }) => content?.kind === 'var');
  if (partition?.content?.kind !== 'var') return undefined;
  const { source } = partition.content;
  const list = JSON.parse(await readFile(await provePart(workspaceRoot, source), 'utf8')) as VarContent;
  await mkdir(join(work, 'var'));
  const subvolumes = await stageVar(list, join(work, 'var'), workspaceRoot, signal);
  // What a machine starts with is what its first deploy is compared with.
  await keepImages(localImages(list, workspaceRoot));
  await run(`var partition of ${recipe.runtime.name}`, [
    ...['mkfs.btrfs', '--quiet', '--label', partition.name, '--byte-count', String(partition.size)],
    ...['--uuid', uuid5(filesystemNamespace, `${partition.uuid} ${source.sha256}`)],
    ...['--device-uuid', uuid5(filesystemNamespace, `${partition.uuid} ${source.sha256} device`)],
    ...['--rootdir', '/work/disk/var', ...subvolumes.flatMap((path) => ['--subvol', `rw:${path}`])],
    '/work/disk/var.raw',
  ]);
  return partition;
}
