import { resolve } from 'node:path';
import { writeDisk } from '@nx-avocado/engine/runtime';
import type { TaskOutput } from '@nx-avocado/engine/task';
import { executor } from '../context';
import type { Work } from '../context';

interface Options {
  provision: TaskOutput;
  /** Relative to the workspace root. */
  file: string;
}

/** Writes the disk as one file. */
export const work: Work<Options> = ({ provision, file }, task) =>
  writeDisk(provision, resolve(task.workspaceRoot, file), task);

export default executor(work);
