import { openSync } from 'node:fs';
import { ReadStream, WriteStream } from 'node:tty';
import type { SdkTerminal } from '@nx-avocado/engine/sdk';

/**
 * The terminal that Nx was started on. Nx reads what a task prints from a pipe and ends every chunk that it passes on with
 * a new line, in which nobody can use a console; so the console goes to the controlling terminal itself.
 *
 * Not where this process has a terminal already (Nx's terminal user interface gives it one of its own, and draws on the
 * real one), not in CI, and not where there is none.
 */
export function controllingTerminal(env = process.env): (SdkTerminal & { close(): void }) | undefined {
  if ((process.stdin.isTTY && process.stdout.isTTY) || env['CI']) return undefined;
  try {
    const input = new ReadStream(openSync('/dev/tty', 'r'));
    const output = new WriteStream(openSync('/dev/tty', 'w'));
    return {
      input,
      output,
      close() {
        input.destroy();
        output.destroy();
      },
    };
  } catch {
    return undefined;
  }
}
