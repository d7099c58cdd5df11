import { boundTogether, stagesOf, unitsOf } from './stages';
import { runsOf } from './runs';
import type { Run } from './runs';
import { deal } from './shards';
import { closure, goalsOf, plannedTasks } from './tasks';
import type { NxGraph, PlannedTask, PlannedTasks } from './tasks';

export interface PlanOptions {
  /** Most agents at once. */
  shards: number;
  /** Most stages. */
  stages: number;
  /** Agents hand nothing on: they share no remote cache, or may not write it. */
  isolated: boolean;
}

/** What one agent does. */
export interface Shard {
  /** Ids of the tasks that run here and, but for isolated agents, nowhere else. */
  tasks: string[];
  runs: Run[];
}

/** Shards by stage: those of one run at the same time, once all of the stages before are done. */
export type Plan = Shard[][];

/**
 * Deals out Nx's task graph to agents. All of a shard's tasks need is in it or in an earlier stage, whose results come
 * from the shared remote cache, so that no task runs twice. Isolated agents get whole chains in one stage, and what two
 * of them need each makes for itself. The same graph gives the same plan.
 * @param affected ids of the tasks that a change reaches; the others most likely come from the cache
 * @throws AvocadoError `PLAN_UNCACHED_TWICE`
 */
export function planOf(graph: NxGraph, options: PlanOptions, affected?: Set<string>): Plan {
  const tasks = plannedTasks(graph, affected);
  if (tasks.size === 0) return [];
  const stages = options.isolated
    ? [chainsOf(tasks)]
    : stagesOf(tasks, options.shards, options.stages).map((stage) => unitsOf(tasks, stage));
  return stages.map((units) =>
    deal(tasks, units, options.shards).map((ids) => ({ tasks: [...ids].sort(), runs: runsOf(graph, tasks, ids) })),
  );
}

/** Each last task with all that it needs; those that need the same uncached one are one unit. */
function chainsOf(tasks: PlannedTasks): PlannedTask[][] {
  const goals = goalsOf(tasks.values()).map(({ id }) => id);
  return boundTogether(tasks)
    .of(goals)
    .map((ids) => [...closure(tasks, ids)].map((id) => tasks.get(id)!));
}
