import type { ExecutorContext } from '@nx/devkit';
import { buildRootfs } from '@nx-avocado/engine/runtime';
import type { RootfsOptions } from '@nx-avocado/engine/task';
import { engineOptions, runTask } from '../context';
import type { Keyed } from '../context';

/** Makes the OS image, the initramfs and the kernel. */
export default function buildRootfsExecutor(
  options: RootfsOptions & Keyed,
  context: ExecutorContext,
): Promise<{ success: boolean }> {
  return runTask(context, (task) => buildRootfs(engineOptions(options), task));
}
