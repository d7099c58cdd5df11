import type { ExecutorContext } from '@nx/devkit';
import { sdkInstall } from '@nx-avocado/engine/lock';
import type { SdkInstallOptions } from '@nx-avocado/engine/task';
import { engineOptions, runTask } from '../context';
import type { Keyed } from '../context';

/** Writes the SDK descriptor: which packages, pinned. The roots are installed where a task needs one. */
export default function sdkInstallExecutor(
  options: SdkInstallOptions & Keyed,
  context: ExecutorContext,
): Promise<{ success: boolean }> {
  return runTask(context, (task) => sdkInstall(engineOptions(options), task));
}
