import { Groups } from './groups';
import { deal, longest } from './shards';
import type { PlannedTask, PlannedTasks } from './tasks';

/** What a further stage costs: its agents check out, install npm packages and programs. In seconds. */
const agentStart = 60;

/**
 * Tasks by stage. What a task needs is in an earlier stage, or in the same one; then both are one `unit` (`unitsOf`), and
 * so in one shard. A project's own chain stays together; each step to another project's tasks first costs a stage, and
 * then neighbouring stages are put together while that makes all of it quicker, or there are more than `most`.
 */
export function stagesOf(tasks: PlannedTasks, shards: number, most: number): PlannedTask[][] {
  let stages = byLevel(tasks);
  let cost = costOf(tasks, stages, shards);
  for (;;) {
    const merged = stages.slice(1).map((_stage, index) => mergedAt(stages, index));
    const costs = merged.map((candidate) => costOf(tasks, candidate, shards));
    const best = costs.indexOf(Math.min(...costs));
    if (best < 0 || (stages.length <= most && costs[best]! > cost)) return stages;
    [stages, cost] = [merged[best]!, costs[best]!];
  }
}

/** The tasks of one stage in groups that one agent has to run. */
export function unitsOf(tasks: PlannedTasks, stage: PlannedTask[]): PlannedTask[][] {
  const groups = boundTogether(tasks);
  const here = new Set(stage.map(({ id }) => id));
  for (const { id, needs } of stage) for (const other of needs) if (here.has(other)) groups.join(other, id);
  return groups.of(here).map((ids) => ids.map((id) => tasks.get(id)!));
}

/**
 * A task that is not cached runs wherever something needs it, so everything that follows it stays with it. Such a group
 * is needed by nothing else, so that it can be moved to the stage of its last task.
 */
export function boundTogether(tasks: PlannedTasks): Groups {
  const groups = new Groups();
  const follows = new Set<string>();
  for (const { id, cached, needs } of tasks.values()) {
    const bound = needs.filter((other) => follows.has(other));
    for (const other of bound) groups.join(other, id);
    if (!cached || bound.length > 0) follows.add(id);
  }
  return groups;
}

function byLevel(tasks: PlannedTasks): PlannedTask[][] {
  const levels = new Map<string, number>();
  for (const { id, project, needs } of tasks.values()) {
    const steps = needs.map((other) => levels.get(other)! + (tasks.get(other)!.project === project ? 0 : 1));
    levels.set(id, Math.max(0, ...steps));
  }
  for (const group of boundTogether(tasks).of(tasks.keys())) {
    const last = Math.max(...group.map((id) => levels.get(id)!));
    for (const id of group) levels.set(id, last);
  }
  const stages: PlannedTask[][] = [];
  for (const task of tasks.values()) (stages[levels.get(task.id)!] ??= []).push(task);
  // A level is empty where all of its tasks were moved.
  return stages.filter(Boolean);
}

/** Stage `index` and the next in one. */
function mergedAt(stages: PlannedTask[][], index: number): PlannedTask[][] {
  return [...stages.slice(0, index), [...stages[index]!, ...stages[index + 1]!], ...stages.slice(index + 2)];
}

function costOf(tasks: PlannedTasks, stages: PlannedTask[][], shards: number): number {
  return stages
    .map((stage) => agentStart + longest(tasks, deal(tasks, unitsOf(tasks, stage), shards)))
    .reduce((sum, seconds) => sum + seconds, 0);
}
