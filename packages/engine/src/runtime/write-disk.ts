import { mkdir, rename } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { withTemporaryDirectory } from '../store';
import type { TaskContext, TaskOutput } from '../task';
import { openDisk } from './open-disk';
import { runTool } from './tools';

/**
 * Copies the raw disk out of the store, sparse, to write it to a card or a stick.
 * @param file absolute path; what stands there is replaced when the copy is whole
 */
export async function writeDisk(provision: TaskOutput, file: string, context: TaskContext): Promise<void> {
  const { path, recipe } = await openDisk(provision, context);
  const target = resolve(file);
  await mkdir(dirname(target), { recursive: true });
  await withTemporaryDirectory(dirname(target), async (work) => {
    await runTool(
      recipe.tools,
      {
        label: `copy of the disk of ${recipe.runtime.name}`,
        argv: ['cp', '--sparse=always', '/work/disk.raw', '/work/out/disk.raw'],
        mounts: [
          { source: path, target: '/work/disk.raw' },
          { source: work, target: '/work/out', writable: true },
        ],
      },
      context,
    );
    await rename(join(work, 'disk.raw'), join(dirname(target), basename(target)));
  });
}
