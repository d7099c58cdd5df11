import { resolve } from 'node:path';
import type { ExecutorContext } from '@nx/devkit';
import { writeDisk } from '@nx-avocado/engine/runtime';
import type { TaskOutput } from '@nx-avocado/engine/task';
import { runTask } from '../context';

interface Options {
  provision: TaskOutput;
  /** Relative to the workspace root. */
  file: string;
}

/** Writes the disk as one file. */
export default function diskExecutor(
  { provision, file }: Options,
  context: ExecutorContext,
): Promise<{ success: boolean }> {
  return runTask(context, (task) => writeDisk(provision, resolve(task.workspaceRoot, file), task));
}
