/** What a task of the schedule ended with, and when (milliseconds since 1970). */
export interface Ended<Outcome> {
  task: string;
  /** Absent where a task before it failed: it was never started. */
  outcome?: Outcome;
  startTime: number;
  endTime: number;
}

/**
 * Runs tasks in the order of their dependencies, at most `limit` at once, and yields each as it ends. What follows a
 * failed task is not started; everything else is.
 * @param dependencies by task, those of them that are tasks of this schedule too
 */
export async function* schedule<Outcome extends { success: boolean }>(
  dependencies: Record<string, string[]>,
  limit: number,
  run: (task: string) => Promise<Outcome>,
): AsyncGenerator<Ended<Outcome>> {
  const waiting = new Set(Object.keys(dependencies));
  const ended = new Map<string, boolean>();
  const running = new Map<string, Promise<Ended<Outcome>>>();
  const before = (task: string): string[] => dependencies[task] ?? [];
  while (waiting.size + running.size > 0) {
    for (const task of waiting) {
      if (before(task).some((id) => ended.get(id) === false)) {
        waiting.delete(task);
        ended.set(task, false);
        const now = Date.now();
        yield { task, startTime: now, endTime: now };
      } else if (running.size < limit && before(task).every((id) => ended.has(id))) {
        waiting.delete(task);
        running.set(task, timed(task, run));
      }
    }
    if (running.size === 0) {
      // The last ones were all skipped, and what follows them comes next; anything else would be a cycle.
      if ([...waiting].some((task) => before(task).some((id) => ended.get(id) === false))) continue;
      if (waiting.size > 0) throw new Error(`tasks depend on each other: ${[...waiting].join(', ')}`);
      return;
    }
    const done = await Promise.race(running.values());
    running.delete(done.task);
    ended.set(done.task, done.outcome?.success === true);
    yield done;
  }
}

async function timed<Outcome>(task: string, run: (task: string) => Promise<Outcome>): Promise<Ended<Outcome>> {
  const startTime = Date.now();
  const outcome = await run(task);
  return { task, outcome, startTime, endTime: Date.now() };
}
