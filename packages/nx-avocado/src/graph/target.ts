import type { TargetConfiguration } from '@nx/devkit';
import type { TaskOutput } from '@nx-avocado/engine/task';
import { isBatched } from './batch';
import { keyOf } from './recipe';
import type { Verb } from './recipe';
import type { Refusals } from './refused';

/** A project with its final name and place. */
export interface NamedProject {
  /** Nx's name. */
  project: string;
  /** `examples/rust-vitals/.avocado/dev` */
  root: string;
  /** The default machine target, if there is one. */
  machine?: string;
  /** Why it cannot be built for the default machine target. */
  error?: string;
  /** Why it cannot be built for others. */
  refused: Refusals;
}

/** What is told about one inferred target; `target` turns it into Nx's form. */
export interface TargetPlan {
  /** Name of the target, where it is not the verb's. */
  task?: string;
  verb: Verb;
  description: string;
  /** One option of the command line as an example. */
  example?: Record<string, unknown>;
  /** Options by machine target, the default one first. */
  options: Record<string, object>;
  /** Upstream tasks: every one that the options name (`needs`). */
  dependsOn: Edge[];
  /** What it reads, as globs relative to the workspace root; `!` before one takes it out. */
  files?: string[];
  cache: boolean;
  extra?: Partial<TargetConfiguration> & { readyWhen?: unknown };
}

export interface Edge {
  project: string;
  target: string;
}

/** Where a task writes, relative to the workspace root. */
export function outputPath(owner: NamedProject, machine: string, task: string): string {
  return `${owner.root}/${machine}/${task}`;
}

/** An upstream task as the engine wants it. */
export function taskOutput(owner: NamedProject, machine: string, task: string): TaskOutput {
  return { task: `${owner.project}:${task}`, path: outputPath(owner, machine, task) };
}

/**
 * Nx's form of a target. The options of the default machine target are its options; each other one is a configuration,
 * and Nx hands the configuration on to the tasks it depends on. Where nothing can be built for the default one, every
 * other is a configuration, and `sdk-install`, which all others depend on, says why.
 */
export function target(owner: NamedProject, plan: TargetPlan): TargetConfiguration {
  const batched = isBatched(plan.verb);
  const keyed = { ...(batched && { step: plan.verb }), ...keyOf(plan.verb) };
  const fails = owner.error !== undefined && plan.verb === 'sdk-install';
  const all = Object.entries(plan.options).map(
    ([machine, options]) => [machine, { machine, ...options, ...(fails && { error: '' }), ...keyed }] as const,
  );
  const [first, others] = owner.error === undefined ? [all[0], all.slice(1)] : [undefined, all];
  const configurations = Object.fromEntries(
    others.map(([machine, options]) => [machine, first ? differences(first[1], options) : options]),
  );
  return {
    executor: `nx-avocado:${batched ? 'step' : plan.verb}`,
    options: first?.[1] ?? { ...noMachine(owner, plan), ...(fails && { error: owner.error }), ...keyed },
    ...(others.length > 0 && { configurations }),
    cache: plan.cache,
    ...(plan.dependsOn.length > 0 && { dependsOn: plan.dependsOn.map(dependency(owner)) }),
    inputs: inputs(plan),
    outputs: plan.cache ? ['{options.outputPath}'] : [],
    metadata: {
      technologies: ['avocado'],
      description: plan.description,
      help: help(owner, plan.task ?? plan.verb, plan.example),
    },
    ...plan.extra,
  };
}

/**
 * What a configuration changes: Nx lays its options over the default ones. Null takes a default one away
 * (`engineOptions`). Only plain values are compared: the graph shall be small, and quick to make.
 */
function differences(defaults: Record<string, unknown>, options: Record<string, unknown>): Record<string, unknown> {
  const changed: Record<string, unknown> = {};
  for (const key in options) if (options[key] !== defaults[key]) changed[key] = options[key];
  for (const key in defaults) if (options[key] === undefined) changed[key] = null;
  return changed;
}

/** What `nx show project` offers. @param example options of the command line */
export function help(owner: NamedProject, task: string, example: Record<string, unknown> = {}) {
  return { command: `npx nx run ${owner.project}:${task} --help`, example: { options: example } };
}

/** As much as Nx wants of options that nothing runs with. */
function noMachine(owner: NamedProject, { task, verb, cache }: TargetPlan): object {
  return { machine: '', ...(cache && { outputPath: outputPath(owner, 'none', task ?? verb) }) };
}

export function dependency(owner: NamedProject): (edge: Edge) => string | { projects: string[]; target: string } {
  return ({ project, target: name }) => (project === owner.project ? name : { projects: [project], target: name });
}

/**
 * Declared inputs and the manifests of upstream outputs, nothing else: no npm package, whose update would build every
 * image again, and not the avocado.yaml, whose part for this task stands in the options (DESIGN rules 1, 2 and 9).
 */
function inputs(plan: TargetPlan): NonNullable<TargetConfiguration['inputs']> {
  return [
    ...unique(plan.files ?? []).map((file) => ({ fileset: file.replace(/^!?/, '$&{workspaceRoot}/') })),
    // `nx affected` carries a change along these, from `config` on: see config-target.ts.
    ...(plan.dependsOn.length > 0 ? [{ dependentTasksOutputFiles: '**/manifest.json' }] : []),
    { externalDependencies: [] },
  ];
}

function unique(files: string[]): string[] {
  return [...new Set(files)].sort();
}
