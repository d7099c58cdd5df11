import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { ProjectGraph, Task, TaskGraph } from '@nx/devkit';
import { cacheDir } from '@nx/devkit';

/** Nx's own modules, which no public API gives: what it hashes a task by. */
interface NxInternals {
  'nx/src/config/configuration': { readNxJson(): unknown };
  'nx/src/hasher/create-task-hasher': { createTaskHasher(graph: ProjectGraph, nxJson: unknown): unknown };
  'nx/src/hasher/hash-task': {
    hashTasks(hasher: unknown, graph: ProjectGraph, tasks: TaskGraph, env: object, details: null): Promise<void>;
  };
  'nx/src/tasks-runner/create-task-graph': {
    createTaskGraph(
      graph: ProjectGraph,
      dependencies: object,
      projects: string[],
      targets: string[],
      configuration: string | undefined,
      overrides: object,
    ): TaskGraph;
  };
}

/**
 * Which tasks of a chain Nx's local cache has an entry for, by the key that they have now. True of a task only where the
 * outputs of its upstream tasks are in place: they are part of the key.
 * @param last the task that the others are upstream of
 * @returns undefined where this Nx cannot be asked
 */
export async function cachedTasks(
  last: { project: string; target: string; configuration?: string },
  graph: ProjectGraph,
): Promise<Set<string> | undefined> {
  try {
    const nx = <Name extends keyof NxInternals>(name: Name): NxInternals[Name] =>
      createRequire(__filename)(name) as NxInternals[Name];
    const { createTaskGraph } = nx('nx/src/tasks-runner/create-task-graph');
    const tasks = createTaskGraph(graph, {}, [last.project], [last.target], last.configuration, {});
    const { createTaskHasher } = nx('nx/src/hasher/create-task-hasher');
    const hasher = createTaskHasher(graph, nx('nx/src/config/configuration').readNxJson());
    const environments = Object.fromEntries(Object.keys(tasks.tasks).map((id) => [id, process.env]));
    await nx('nx/src/hasher/hash-task').hashTasks(hasher, graph, tasks, environments, null);
    return new Set(Object.values(tasks.tasks).flatMap((task) => (hasEntry(task) ? [task.id] : [])));
  } catch {
    return undefined;
  }
}

function hasEntry({ hash }: Task): boolean {
  return hash !== undefined && existsSync(join(cacheDir, hash));
}
