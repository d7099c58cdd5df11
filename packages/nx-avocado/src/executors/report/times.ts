import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { TaskGraph } from '@nx/devkit';
import { cacheDir } from '@nx/devkit';
import type { TaskTime } from '@nx-avocado/engine/image-report';

/** `run.json` in Nx's cache: what the last run did. */
interface RunRecord {
  tasks: { taskId: string; startTime: string; endTime: string; cacheStatus: string; status: number }[];
}

/** Nx's own module, which no public API gives: its database of task runs. */
interface TaskHistory {
  getEstimatedTaskTimings(
    targets: { project: string; target: string; configuration?: string }[],
  ): Promise<Record<string, number>>;
}

/**
 * How long each upstream task took by Nx's own records, in the order of their names: the last run's, and the mean of those
 * in its history. A task that neither knows is left out.
 */
export async function taskTimes({ tasks }: Pick<TaskGraph, 'tasks'>, own: string): Promise<TaskTime[]> {
  // `config` does nothing: it carries changes through the graph (graph/config-target.ts).
  const upstream = Object.values(tasks).filter(({ id, target }) => id !== own && target.target !== 'config');
  const last = lastRun(join(cacheDir, 'run.json'));
  const usual = await history(upstream.map(({ target }) => target));
  return upstream
    .flatMap(({ id }) => {
      const [run, mean] = [last.get(id), usual[id]];
      return run || mean !== undefined
        ? [{ task: id, ...(run && { last: run }), ...(mean !== undefined && { usual: mean }) }]
        : [];
    })
    .sort((a, b) => (a.task < b.task ? -1 : 1));
}

/** By task id, of those that passed. @param file it is Nx's: whatever stands in it, a report is no worse for its lack */
export function lastRun(file: string): Map<string, NonNullable<TaskTime['last']>> {
  if (!existsSync(file)) return new Map();
  try {
    const { tasks } = JSON.parse(readFileSync(file, 'utf8')) as RunRecord;
    return new Map(
      tasks.flatMap(({ taskId, startTime, endTime, cacheStatus, status }) => {
        const milliseconds = Date.parse(endTime) - Date.parse(startTime);
        return status === 0 && milliseconds >= 0
          ? [[taskId, { milliseconds, cached: cacheStatus !== 'cache-miss' }]]
          : [];
      }),
    );
  } catch {
    return new Map();
  }
}

async function history(targets: { project: string; target: string; configuration?: string }[]) {
  try {
    const { getTaskHistory } = createRequire(__filename)('nx/src/utils/task-history') as {
      getTaskHistory(): TaskHistory | null;
    };
    return (await getTaskHistory()?.getEstimatedTaskTimings(targets)) ?? {};
  } catch {
    // An Nx that keeps none, or keeps it elsewhere.
    return {};
  }
}
