import { join, posix } from 'node:path';
import type { TaskGraph } from '@nx/devkit';
import { sweepLeftovers } from '@nx-avocado/engine/store';

/**
 * Removes what killed processes left where the tasks of a run write. Each task does so before it writes, but a task that
 * comes from the cache runs nothing, and a half-written image can be large.
 */
export async function sweepOutputs(workspaceRoot: string, { tasks }: Pick<TaskGraph, 'tasks'>): Promise<void> {
  const outputs = Object.values(tasks).flatMap((task) => task.outputs);
  const directories = new Set(outputs.flatMap((output) => [output, posix.dirname(output)]));
  for (const directory of directories) {
    // Most often there is none yet.
    await sweepLeftovers(join(workspaceRoot, directory)).catch(() => undefined);
  }
}
