import type { ExecutorContext } from '@nx/devkit';
import { sdkCompile } from '@nx-avocado/engine/compile';
import type { SdkCompileOptions } from '@nx-avocado/engine/task';
import { engineOptions, runTask } from '../context';
import type { Keyed } from '../context';

/** Runs upstream's compile and install scripts and stages what they install. */
export default function sdkCompileExecutor(
  options: SdkCompileOptions & Keyed,
  context: ExecutorContext,
): Promise<{ success: boolean }> {
  return runTask(context, (task) => sdkCompile(engineOptions(options), task));
}
