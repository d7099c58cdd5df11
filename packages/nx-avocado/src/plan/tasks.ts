import type { TargetConfiguration, TaskGraph } from '@nx/devkit';
import { idsOf } from '../graph/ids';
import { secondsOf } from './seconds';

/** What `nx affected -t <targets> --graph=file.json` writes, as far as a plan needs it. */
export interface NxGraph {
  graph: { nodes: Record<string, { data: { targets?: Record<string, TargetConfiguration> } }> };
  tasks: TaskGraph;
}

/** A task that does something: `nx:noop` tasks are left out, and what follows one needs what the noop needs. */
export interface PlannedTask {
  id: string;
  project: string;
  target: string;
  /** Otherwise it runs wherever something needs it. */
  cached: boolean;
  /** About how long it takes; a task that is not affected is most likely taken from the cache. */
  seconds: number;
  /** Tasks directly before it. */
  needs: string[];
}

/** Tasks by id, each after all that it needs; the same order for the same graph, however Nx listed it. */
export type PlannedTasks = Map<string, PlannedTask>;

/** How long a cached result takes to arrive. */
const restored = 1;

/** @param affected ids of tasks that a change reaches; absent where nothing is known of that */
export function plannedTasks({ graph, tasks: { tasks, ...edges } }: NxGraph, affected?: Set<string>): PlannedTasks {
  const before = (id: string): string[] =>
    [edges.dependencies[id], edges.continuousDependencies?.[id]].flatMap(idsOf).filter((other) => other in tasks);
  const targetOf = (id: string): TargetConfiguration | undefined => {
    const { project, target } = tasks[id]!.target;
    return graph.nodes[project]?.data.targets?.[target];
  };
  const isNoop = (id: string): boolean => targetOf(id)?.executor === 'nx:noop';
  const needs = (id: string): string[] => before(id).flatMap((other) => (isNoop(other) ? needs(other) : [other]));

  const planned: PlannedTasks = new Map();
  const seen = new Set<string>();
  const visit = (id: string): void => {
    if (seen.has(id)) return;
    seen.add(id);
    before(id).sort().forEach(visit);
    if (isNoop(id)) return;
    const { target, cache } = tasks[id]!;
    const seconds = secondsOf(targetOf(id));
    planned.set(id, {
      id,
      project: target.project,
      target: target.target,
      cached: cache === true,
      seconds: affected?.has(id) === false ? Math.min(seconds, restored) : seconds,
      needs: [...new Set(needs(id))].sort(),
    });
  };
  Object.keys(tasks).sort().forEach(visit);
  return planned;
}

/** Tasks that nothing else needs: Nx runs all others for them. */
export function goalsOf(tasks: Iterable<PlannedTask>): PlannedTask[] {
  const all = [...tasks];
  const needed = new Set(all.flatMap(({ needs }) => needs));
  return all.filter(({ id }) => !needed.has(id));
}

/** `id` and everything that it needs, however far. */
export function closure(tasks: PlannedTasks, ids: Iterable<string>): Set<string> {
  const found = new Set<string>();
  const visit = (id: string): void => {
    if (found.has(id)) return;
    found.add(id);
    tasks.get(id)!.needs.forEach(visit);
  };
  for (const id of ids) visit(id);
  return found;
}
