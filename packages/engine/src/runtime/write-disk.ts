import { mkdir, rename } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { withTemporaryDirectory } from '../store';
import type { TaskContext, TaskOutput } from '../task';
import { assembleDisk } from './assemble-disk';
import { isIntact } from './disk-store';
import { describeDisk } from './open-disk';
import type { DescribedDisk } from './open-disk';
import { runTool } from './tools';

/**
 * Writes the raw disk as one file, sparse, to be put on a card or a stick.
 * @param file absolute path; what stands there is replaced when the disk is whole
 */
export async function writeDisk(provision: TaskOutput, file: string, context: TaskContext): Promise<void> {
  const disk = await describeDisk(provision, context.workspaceRoot);
  const target = resolve(file);
  await mkdir(dirname(target), { recursive: true });
  await withTemporaryDirectory(dirname(target), async (work) => {
    const made = (await isIntact(disk.path))
      ? await copyDisk(disk, work, context)
      : // Not by way of the store: most disks that are written are never booted here.
        await assembleDisk(disk.recipe, disk.project, work, context);
    await rename(made, target);
  });
}

async function copyDisk({ recipe, path }: DescribedDisk, work: string, context: TaskContext): Promise<string> {
  await runTool(
    recipe.tools,
    {
      label: `copy of the disk of ${recipe.runtime.name}`,
      argv: ['cp', '--sparse=auto', '--reflink=auto', '/work/disk.raw', '/work/out/disk.raw'],
      mounts: [
        { source: path, target: '/work/disk.raw' },
        { source: work, target: '/work/out', writable: true },
      ],
    },
    context,
  );
  return join(work, 'disk.raw');
}
