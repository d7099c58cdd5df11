import { resolve } from 'node:path';
import type { ExecutorContext } from '@nx/devkit';
import { bootChart } from '@nx-avocado/engine/qemu';
import type { BootChartOptions } from '@nx-avocado/engine/qemu';
import { engineOptions, runTask } from '../context';
import type { Keyed } from '../context';

/** Draws a boot of the runtime. */
export default function bootChartExecutor(
  keyed: BootChartOptions & Keyed,
  context: ExecutorContext,
): Promise<{ success: boolean }> {
  return runTask(context, async (task) => {
    const options = engineOptions(keyed);
    await bootChart({ ...options, file: resolve(task.workspaceRoot, options.file) }, task);
  });
}
