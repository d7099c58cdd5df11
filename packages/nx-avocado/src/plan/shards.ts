import type { PlannedTask, PlannedTasks } from './tasks';

/**
 * Deals out units (tasks that one agent has to run) to at most `count` shards: the longest first, each to the shard that
 * has least to do with it. What a shard has already costs nothing again.
 * @returns tasks by shard, none of them empty
 */
export function deal(tasks: PlannedTasks, units: PlannedTask[][], count: number): Set<string>[] {
  const sorted = units
    .map((unit) => ({ ids: unit.map(({ id }) => id), seconds: sum(unit) }))
    .sort((a, b) => b.seconds - a.seconds || (a.ids[0]! < b.ids[0]! ? -1 : 1));
  const shards = Array.from({ length: count }, () => ({ ids: new Set<string>(), seconds: 0 }));
  for (const { ids } of sorted) {
    const loads = shards.map((shard) => shard.seconds + sum(ids.filter((id) => !shard.ids.has(id)).map(taskOf(tasks))));
    const least = loads.indexOf(Math.min(...loads));
    const shard = shards[least]!;
    ids.forEach((id) => shard.ids.add(id));
    shard.seconds = loads[least]!;
  }
  return shards.map(({ ids }) => ids).filter(({ size }) => size > 0);
}

/** Seconds that the shard with the most to do takes. */
export function longest(tasks: PlannedTasks, shards: Set<string>[]): number {
  return Math.max(0, ...shards.map((ids) => sum([...ids].map(taskOf(tasks)))));
}

const taskOf =
  (tasks: PlannedTasks) =>
  (id: string): PlannedTask =>
    tasks.get(id)!;

const sum = (unit: PlannedTask[]): number => unit.reduce((total, { seconds }) => total + seconds, 0);
