import { AvocadoError } from '@nx-avocado/engine/error';
import { closure, goalsOf } from './tasks';
import type { NxGraph, PlannedTask, PlannedTasks } from './tasks';

/** One `nx run-many --targets=… --projects=…`: each of the targets, of each of the projects that has it. */
export interface Run {
  targets: string[];
  projects: string[];
}

/**
 * The fewest commands found that run exactly the tasks of a shard. Only its last tasks are named, for Nx runs what those
 * need, or takes it from the cache.
 * @throws AvocadoError `PLAN_UNCACHED_TWICE`
 */
export function runsOf({ graph }: NxGraph, tasks: PlannedTasks, shard: Set<string>): Run[] {
  const all = [...shard].map((id) => tasks.get(id)!);
  const names = (run: Run): string[] => run.projects.flatMap((project) => run.targets.map((t) => nameOf(project, t)));
  const own = new Set(all.map(({ project, target }) => nameOf(project, target)));
  // Nx runs a target of all named projects that have it, other shards' too.
  const isOurs = (run: Run): boolean =>
    run.projects.every((project) =>
      run.targets.every((target) => own.has(nameOf(project, target)) || !graph.nodes[project]?.data.targets?.[target]),
    );

  const runs: Run[] = [];
  for (const next of byTargets(goalsOf(all))) {
    const place = runs.findIndex((run) => isOurs(together(run, next)));
    if (place < 0) runs.push(next);
    else runs[place] = together(runs[place]!, next);
  }

  const reached = runs.map((run) => closureOf(tasks, all, new Set(names(run))));
  for (const { id } of all.filter(({ cached }) => !cached)) {
    if (reached.filter((ids) => ids.has(id)).length < 2) continue;
    throw new AvocadoError(
      'PLAN_UNCACHED_TWICE',
      `${id} is not cached, and no single command runs all that follows it`,
      {
        hint: 'Give the target `cache: true` and outputs, or take it out of the targets.',
      },
    );
  }
  return runs;
}

/** Projects that run the same targets, as one command. */
function byTargets(goals: PlannedTask[]): Run[] {
  const targets = new Map<string, string[]>();
  for (const { project, target } of goals) targets.set(project, [...(targets.get(project) ?? []), target]);
  const runs = new Map<string, Run>();
  for (const [project, names] of [...targets].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const sorted = [...new Set(names)].sort();
    const run = runs.get(sorted.join()) ?? { targets: sorted, projects: [] };
    run.projects.push(project);
    runs.set(sorted.join(), run);
  }
  return [...runs.values()];
}

function together(a: Run, b: Run): Run {
  const both = (one: string[], other: string[]): string[] => [...new Set([...one, ...other])].sort();
  return { targets: both(a.targets, b.targets), projects: both(a.projects, b.projects) };
}

function closureOf(tasks: PlannedTasks, all: PlannedTask[], names: Set<string>): Set<string> {
  const named = all.filter(({ project, target }) => names.has(nameOf(project, target)));
  return closure(
    tasks,
    named.map(({ id }) => id),
  );
}

const nameOf = (project: string, target: string): string => `${project}:${target}`;
