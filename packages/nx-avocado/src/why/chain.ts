import type { ProjectConfiguration, TargetConfiguration } from '@nx/devkit';
import { nearest } from '@nx-avocado/engine/config';
import { AvocadoError } from '@nx-avocado/engine/error';

/** The targets of each project, as Nx knows them. */
export type Projects = Record<string, Pick<ProjectConfiguration, 'targets'>>;

/** One task of a chain, as Nx would run it. */
export interface ChainTask {
  /** `example-rust:build`, `example-rust:build:qemuarm64` */
  id: string;
  project: string;
  target: string;
  /** Those of the target with those of its configuration over them. */
  options: { outputPath?: string } & Record<string, unknown>;
  /** Ids of the tasks whose outputs it reads. */
  upstream: string[];
}

/**
 * A task and all that it follows, upstream first, for the targets that the plugin infers: `config` has no output, and
 * is left out.
 * @param name `dev`, `dev:provision`, `dev:provision:qemuarm64`; without a target, the last one up to a disk
 * @throws AvocadoError `WHY_PROJECT_UNKNOWN`, `WHY_TASK_UNKNOWN`, `WHY_MACHINE_UNKNOWN`
 */
export function chainOf(name: string, projects: Projects): ChainTask[] {
  const [project, target, configuration] = parse(name, projects);
  const tasks = new Map<string, ChainTask>();
  const add = (owner: string, wanted: string): string | undefined => {
    const found = projects[owner]?.targets?.[wanted];
    if (!found?.options?.outputPath) return undefined;
    const own = configuration === undefined ? undefined : found.configurations?.[configuration];
    const id = [owner, wanted, ...(own ? [configuration] : [])].join(':');
    if (tasks.has(id)) return id;
    // Taken before what it follows: a cycle, which Nx itself refuses, must end here too.
    const task: ChainTask = { id, project: owner, target: wanted, options: { ...found.options, ...own }, upstream: [] };
    tasks.set(id, task);
    task.upstream = dependencies(found, owner).flatMap(([on, other]) => add(on, other) ?? []);
    tasks.delete(id);
    tasks.set(id, task);
    return id;
  };
  add(project, target);
  return [...tasks.values()];
}

function dependencies({ dependsOn = [] }: TargetConfiguration, owner: string): [string, string][] {
  return dependsOn.flatMap((edge): [string, string][] => {
    if (typeof edge === 'string') return [[owner, edge]];
    const { projects = [owner], target } = edge;
    return [projects].flat().map((project): [string, string] => [project, target]);
  });
}

/** Project names may hold colons. */
function parse(name: string, projects: Projects): [string, string, string?] {
  const parts = name.split(':');
  const length = parts.findLastIndex((_part, index) => isOurs(projects[parts.slice(0, index + 1).join(':')])) + 1;
  const ours = Object.keys(projects).filter((project) => isOurs(projects[project]));
  if (length === 0)
    throw unknown('WHY_PROJECT_UNKNOWN', `there is no extension or runtime ${parts[0]}`, parts[0]!, ours);
  const project = parts.slice(0, length).join(':');
  const [wanted, configuration, ...more] = parts.slice(length);
  const targets = projects[project]?.targets ?? {};
  const cached = Object.keys(targets).filter((key) => targets[key]?.options?.outputPath !== undefined);
  const target = wanted ?? ['provision', 'build'].find((key) => cached.includes(key)) ?? cached.at(-1)!;
  if (!cached.includes(target)) {
    throw unknown('WHY_TASK_UNKNOWN', `${project} has no task ${target} with an output`, target, cached);
  }
  const machines = Object.keys(targets[target]?.configurations ?? {});
  const first = targets[target]?.options?.machine as string | undefined;
  const machine = [configuration, ...more].join(':');
  if (configuration === undefined || machine === first) return [project, target];
  if (machines.includes(machine)) return [project, target, machine];
  const all = [first, ...machines].filter((one): one is string => one !== undefined && one !== '');
  throw unknown('WHY_MACHINE_UNKNOWN', `${project}:${target} is not for machine target ${machine}`, machine, all);
}

function isOurs(project: Projects[string] | undefined): boolean {
  return Object.values(project?.targets ?? {}).some(({ executor = '' }) => executor.startsWith('nx-avocado:'));
}

function unknown(code: string, message: string, word: string, known: string[]): AvocadoError {
  const match = nearest(word, known);
  const hint = match === undefined ? `There is: ${known.sort().join(', ')}.` : `Did you mean '${match}'?`;
  return new AvocadoError(code, message, { hint });
}
