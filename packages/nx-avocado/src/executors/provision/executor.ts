import type { ExecutorContext } from '@nx/devkit';
import { provision } from '@nx-avocado/engine/runtime';
import type { ProvisionOptions } from '@nx-avocado/engine/task';
import { engineOptions, runTask } from '../context';
import type { Keyed } from '../context';

/** Writes the disk's recipe and the parts that are new in it. */
export default function provisionExecutor(
  options: ProvisionOptions & Keyed,
  context: ExecutorContext,
): Promise<{ success: boolean }> {
  return runTask(context, (task) => provision(engineOptions(options), task));
}
