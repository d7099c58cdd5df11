import type { ExecutorContext } from '@nx/devkit';
import { buildRuntime } from '@nx-avocado/engine/runtime';
import type { RuntimeBuildOptions } from '@nx-avocado/engine/task';
import { engineOptions, runTask } from '../context';
import type { Keyed } from '../context';

/** Composes the manifest and the list of what var holds. */
export default function buildRuntimeExecutor(
  options: RuntimeBuildOptions & Keyed,
  context: ExecutorContext,
): Promise<{ success: boolean }> {
  return runTask(context, (task) => buildRuntime(engineOptions(options), task));
}
