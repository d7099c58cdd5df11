import type { ExecutorContext } from '@nx/devkit';
import { dockerImages, openRoot, openRpmRoot } from '@nx-avocado/engine/feed';
import { AvocadoError, explained, formatError } from '@nx-avocado/engine/error';
import type { Reporter } from '@nx-avocado/engine/report';
import { runnerOfRoots } from '@nx-avocado/engine/sdk';
import type { TaskContext } from '@nx-avocado/engine/task';
import { dropDamagedOn } from '../cache/entries';
import type { CacheContext } from '../cache/entries';
import { lineReporter } from './reporter';
import { sdkRunner } from './runner';
import type { RunnerContext } from './runner';

/** What the plugin adds to a cached task's options for the sake of the key alone (graph/recipe.ts). */
export interface Keyed {
  recipe?: number;
  release?: string;
}

/** Of Nx's context what every executor needs. */
export type ExecutionContext = Pick<ExecutorContext, 'root'> & RunnerContext & CacheContext;

/** What an executor does, without Nx. */
export type Work<Options> = (options: Options, task: TaskContext) => Promise<unknown>;

/** Without what only the key needs, and without what a configuration takes away (graph/target.ts): the engine's part. */
export function engineOptions<T extends object>({ recipe: _recipe, release: _release, ...options }: T & Keyed) {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== null)) as typeof options;
}

/** The Nx executor of a work. */
export function executor<Options extends object>(work: Work<Options>) {
  return (options: Options & Keyed, context: ExecutionContext): Promise<{ success: boolean }> =>
    runTask(context, (task) => work(engineOptions(options) as unknown as Options, task));
}

/**
 * Runs one engine function as an Nx task. Executors import the engine at once and not when they run: from source, Nx
 * takes its TypeScript loader away after it has loaded an executor.
 * An error of ours is printed once, for the reader; a signal, or the end of
 * the Nx process that started this one, aborts the work and what it has started.
 */
export async function runTask(
  context: ExecutionContext,
  work: (task: TaskContext) => Promise<unknown>,
): Promise<{ success: boolean }> {
  const abort = abortOnSignals();
  try {
    await work(taskContext(context, lineReporter(process.stdout), abort.signal));
    return { success: true };
  } catch (error) {
    await dropDamagedOn(error, context);
    process.stderr.write(`\n${formatError(explained(error))}\n`);
    return { success: false };
  } finally {
    abort.release();
  }
}

export function taskContext(context: ExecutionContext, reporter: Reporter, signal: AbortSignal): TaskContext {
  const { root: workspaceRoot } = context;
  const runner = runnerOfRoots(sdkRunner(context));
  const images = dockerImages({ reporter });
  const task = { workspaceRoot, reporter, signal, runner, images };
  return { ...task, openRoot: (spec) => (spec.rpm ? openRpmRoot(spec, task) : openRoot(spec, { reporter, signal })) };
}

/** Nx sends SIGTERM several times, and SIGKILL five seconds after the first: the first one counts. */
export function abortOnSignals(signals: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP']): {
  signal: AbortSignal;
  release(): void;
} {
  const controller = new AbortController();
  const stop = (): void => controller.abort(new AvocadoError('ABORTED', 'stopped before it was done'));
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
