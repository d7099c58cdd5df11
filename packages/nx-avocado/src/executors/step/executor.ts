import type { ExecutorContext } from '@nx/devkit';
import { runTask } from '../context';
import { make } from './make';
import type { StepOptions } from './steps';

/** One step in a process of its own, as where batches are switched off (`--batch=false`). */
export default function stepExecutor(options: StepOptions, context: ExecutorContext): Promise<{ success: boolean }> {
  const { projectName, targetName, configurationName } = context;
  const id = [projectName, targetName, configurationName].filter((part) => part !== undefined).join(':');
  return runTask(context, (task) => make(id, options, context, task));
}
