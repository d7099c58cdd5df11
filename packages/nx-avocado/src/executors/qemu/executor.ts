import type { ExecutorContext } from '@nx/devkit';
import { readDescriptor } from '@nx-avocado/engine/extension';
import { runQemu, runSdkVm } from '@nx-avocado/engine/qemu';
import type { SdkVmOptions } from '@nx-avocado/engine/task';
import { engineOptions, runTask } from '../context';
import type { Keyed } from '../context';
import { controllingTerminal } from '../terminal';

/** Boots the runtime; ends when the guest powers off, or on Ctrl-C and whatever else ends Nx. */
export default function qemuExecutor(
  keyed: SdkVmOptions & Keyed,
  context: ExecutorContext,
): Promise<{ success: boolean }> {
  return runTask(context, async (task) => {
    const options = engineOptions(keyed);
    const { feed } = await readDescriptor(task.workspaceRoot, options.sdk, options.machine);
    const terminal = controllingTerminal();
    try {
      if (feed === 'avocado') {
        const own = process.stdin.isTTY && process.stdout.isTTY;
        return await runSdkVm(options, task, own ? 'inherit' : (terminal ?? 'pipe'));
      }
      await runQemu(options, task, { onReady, ...(terminal && { terminal }) });
    } finally {
      terminal?.close();
    }
  });
}

/** Nx 24 starts tasks that wait for this one (`waitFor: 'ready'`); 22 and 23 have no such signal. */
async function onReady(url: string): Promise<void> {
  const devkit: { emitReadySignal?: (url: string) => unknown } = await import('@nx/devkit');
  devkit.emitReadySignal?.(url);
}
