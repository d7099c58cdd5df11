import { createInterface } from 'node:readline/promises';
import type { ExecutorContext } from '@nx/devkit';
import { flash } from '@nx-avocado/engine/flash';
import type { FlashOptions } from '@nx-avocado/engine/task';
import { engineOptions, runTask } from '../context';
import type { Keyed } from '../context';
import { controllingTerminal } from '../terminal';

/** Writes the disk to a removable medium. */
export default function flashExecutor(
  options: FlashOptions & Keyed,
  context: ExecutorContext,
): Promise<{ success: boolean }> {
  return runTask(context, (task) => flash(engineOptions(options), (question) => ask(question, task.signal), task));
}

/** On the terminal that Nx was started on. @returns undefined where there is none */
async function ask(question: string, signal: AbortSignal): Promise<string | undefined> {
  const own =
    process.stdin.isTTY && process.stdout.isTTY ? { input: process.stdin, output: process.stdout } : undefined;
  const controlling = own ? undefined : controllingTerminal();
  const terminal = own ?? controlling;
  if (!terminal) return undefined;
  const lines = createInterface({ ...terminal, terminal: false });
  try {
    return await lines.question(question, { signal });
  } finally {
    lines.close();
    controlling?.close();
  }
}
