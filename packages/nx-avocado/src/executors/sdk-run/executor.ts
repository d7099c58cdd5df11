import { readlinkSync } from 'node:fs';
import type { ExecutorContext } from '@nx/devkit';
import { sdkRun, sdkRunFailure } from '@nx-avocado/engine/compile';
import type { SdkRunOptions } from '@nx-avocado/engine/task';
import { runTask } from '../context';
import { controllingTerminal } from '../terminal';

interface Inferred {
  machine: string;
  inSdk: Omit<SdkRunOptions, 'machine' | 'command'>;
}

/**
 * Runs what stands after `--`. Nx reads options out of it as well (`cargo build --release`), and lays them over the inferred
 * ones, so those are taken from the target itself.
 */
export default function sdkRunExecutor(
  { command }: { command: string[] },
  context: ExecutorContext,
): Promise<{ success: boolean }> {
  return runTask(context, async (task) => {
    const { options, configurations } = context.target ?? {};
    const { machine, inSdk } = { ...options, ...configurations?.[context.configurationName ?? ''] } as Inferred;
    // Nx 24 gives a task a terminal of its own where it has one; 22 and 23 give it pipes.
    const own = process.stdin.isTTY && process.stdout.isTTY;
    const terminal = !own && nxHasTerminal() ? controllingTerminal() : undefined;
    try {
      const code = await sdkRun({ ...inSdk, machine, command }, task, own ? 'inherit' : terminal);
      if (code !== 0) throw sdkRunFailure({ command }, code);
    } finally {
      terminal?.close();
    }
  });
}

/** Whether Nx's own output goes to a terminal: a command whose output is kept in a file must not write to the screen. */
function nxHasTerminal(): boolean {
  if (process.platform !== 'linux') return true;
  try {
    return [0, 1].every((descriptor) =>
      /^\/dev\/(pts\/|tty|console)/.test(readlinkSync(`/proc/${process.ppid}/fd/${descriptor}`)),
    );
  } catch {
    return false;
  }
}
