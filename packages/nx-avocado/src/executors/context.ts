import type { ExecutorContext } from '@nx/devkit';
import { openRoot } from '@nx-avocado/engine/feed';
import { createSandboxRunner } from '@nx-avocado/engine/sdk';
import { AvocadoError, formatError } from '@nx-avocado/engine/error';
import type { TaskContext } from '@nx-avocado/engine/task';
import { lineReporter } from './reporter';

/** What the plugin adds to every task's options for the sake of the key alone (graph/recipe.ts). */
export interface Keyed {
  recipe: number;
  release: string;
}

/** Without what only the key needs: the rest is what the engine takes. */
export function engineOptions<T extends object>({ recipe: _recipe, release: _release, ...options }: T & Keyed) {
  return options;
}

/**
 * Runs one engine function as an Nx task. Executors import the engine at once and not when they run: from source, Nx
 * takes its TypeScript loader away after it has loaded an executor.
 * An error of ours is printed once, for the reader; a signal, or the end of
 * the Nx process that started this one, aborts the work and what it has started.
 */
export async function runTask(
  context: Pick<ExecutorContext, 'root'>,
  work: (task: TaskContext) => Promise<unknown>,
): Promise<{ success: boolean }> {
  const abort = abortOnSignals();
  try {
    await work(taskContext(context.root, abort.signal));
    return { success: true };
  } catch (error) {
    process.stderr.write(`\n${formatError(error)}\n`);
    return { success: false };
  } finally {
    abort.release();
  }
}

function taskContext(workspaceRoot: string, signal: AbortSignal): TaskContext {
  const reporter = lineReporter(process.stdout);
  const runner = createSandboxRunner();
  return { workspaceRoot, reporter, signal, runner, openRoot: (spec) => openRoot(spec, { reporter, signal }) };
}

/** Nx sends SIGTERM several times, and SIGKILL five seconds after the first: the first one counts. */
function abortOnSignals(): { signal: AbortSignal; release(): void } {
  const controller = new AbortController();
  const stop = (): void => controller.abort(new AvocadoError('ABORTED', 'stopped before it was done'));
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const name of signals) process.on(name, stop);
  process.on('disconnect', stop);
  return {
    signal: controller.signal,
    release() {
      for (const name of signals) process.off(name, stop);
      process.off('disconnect', stop);
    },
  };
}
