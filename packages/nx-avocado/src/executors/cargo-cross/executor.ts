import type { ExecutorContext } from '@nx/devkit';
import { cargoCross } from '@nx-avocado/engine/compile';
import type { CargoCrossOptions } from '@nx-avocado/engine/task';
import { engineOptions, runTask } from '../context';
import type { Keyed } from '../context';

/** Cross-compiles a crate and stages what the extension installs. */
export default function cargoCrossExecutor(
  options: CargoCrossOptions & Keyed,
  context: ExecutorContext,
): Promise<{ success: boolean }> {
  return runTask(context, (task) => cargoCross(engineOptions(options), task));
}
