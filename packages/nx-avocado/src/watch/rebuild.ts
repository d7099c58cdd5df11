import { explained, formatError } from '@nx-avocado/engine/error';
import type { TaskContext } from '@nx-avocado/engine/task';
import { make } from '../executors/step/make';
import { schedule } from '../executors/step/schedule';
import { withDependents } from './tasks';
import type { WatchedTasks } from './tasks';

/** As many at once as Nx runs processes by default. */
const parallelism = 3;

export interface Rebuilt {
  success: boolean;
  /** Tasks that ran, with their milliseconds. */
  ran: { task: string; milliseconds: number }[];
}

/**
 * Runs tasks, and what follows them, in this process: to start Nx would take longer than most of them. The outputs and
 * their records are what `nx run` would write, which then finds everything in place.
 * @param skip tasks that are left for later
 */
export async function rebuild(
  { context, options, dependencies }: WatchedTasks,
  changed: ReadonlySet<string>,
  task: TaskContext,
  skip: (id: string) => boolean = () => false,
): Promise<Rebuilt> {
  const wanted = Object.fromEntries(Object.entries(withDependents(dependencies, changed)).filter(([id]) => !skip(id)));
  const rebuilt: Rebuilt = { success: true, ran: [] };
  const run = async (id: string): Promise<{ success: boolean; stood: boolean }> => {
    try {
      return { success: true, stood: (await make(id, options[id]!, context, task)) !== 'stale' };
    } catch (error) {
      if (!task.signal.aborted) task.reporter.output(`\n${formatError(explained(error))}\n`);
      return { success: false, stood: false };
    }
  };
  for await (const { task: id, outcome, startTime, endTime } of schedule(wanted, parallelism, run)) {
    rebuilt.success &&= outcome?.success === true;
    if (outcome && !outcome.stood) rebuilt.ran.push({ task: id, milliseconds: endTime - startTime });
  }
  return rebuilt;
}
