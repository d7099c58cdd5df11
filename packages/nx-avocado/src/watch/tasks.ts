import { filesetsOf } from '../executors/step/files';
import type { StepContext } from '../executors/step/make';
import { isStep } from '../graph/batch';
import type { Step } from '../graph/batch';
import type { StepOptions } from '../executors/step/steps';
import { idsOf } from '../graph/ids';

/** The steps that a run of Nx has, ready to be run again. */
export interface WatchedTasks {
  context: StepContext;
  options: Record<string, StepOptions>;
  /** By task, the steps among its dependencies. */
  dependencies: Record<string, string[]>;
}

/** Pure. */
export function watchedTasks(context: StepContext): WatchedTasks {
  const { taskGraph, projectsConfigurations } = context;
  const options: WatchedTasks['options'] = {};
  for (const [id, { target, overrides }] of Object.entries(taskGraph?.tasks ?? {})) {
    const found = projectsConfigurations.projects[target.project]?.targets?.[target.target];
    // Before Nx 24 a step's executor has its own name, and no `step`.
    const step = (found?.options as { step?: string } | undefined)?.step ?? found?.executor?.replace('nx-avocado:', '');
    if (!found || !isStep(step) || step === 'disk') continue;
    const configured = target.configuration === undefined ? {} : found.configurations?.[target.configuration];
    options[id] = { ...found.options, ...configured, ...forward(overrides), step: step satisfies Step } as StepOptions;
  }
  const dependencies = Object.fromEntries(
    Object.keys(options).map((id) => [id, idsOf(taskGraph?.dependencies[id]).filter((other) => other in options)]),
  );
  return { context, options, dependencies };
}

/** Nx adds the command line, as it was typed, under a name of its own. */
function forward({
  __overrides_unparsed__: _unparsed,
  ...overrides
}: Record<string, unknown>): Record<string, unknown> {
  return overrides;
}

/** Tasks and all that follows them, as a part of the graph. Pure. */
export function withDependents(
  dependencies: Readonly<Record<string, string[]>>,
  changed: ReadonlySet<string>,
): Record<string, string[]> {
  const reached = new Set(changed);
  for (let before = -1; before !== reached.size;) {
    before = reached.size;
    for (const [id, needs] of Object.entries(dependencies))
      if (needs.some((need) => reached.has(need))) reached.add(id);
  }
  return Object.fromEntries(
    Object.entries(dependencies)
      .filter(([id]) => reached.has(id))
      .map(([id, needs]) => [id, needs.filter((need) => reached.has(need))]),
  );
}

/** Every avocado.yaml that the tasks come from, and what it reads: the inputs of `config`. Pure. */
export function configFiles({ taskGraph, projectsConfigurations }: StepContext): string[] {
  const targets = Object.values(taskGraph?.tasks ?? {})
    .filter(({ target }) => target.target === 'config')
    .map(({ target }) => projectsConfigurations.projects[target.project]?.targets?.['config']);
  return [...new Set(targets.flatMap((target) => filesetsOf(target?.inputs ?? [])))].sort();
}

/** Units that the extensions enable. Pure. */
export function enabledUnits({ options }: WatchedTasks): string[] {
  const units = Object.values(options).flatMap(
    ({ section }: StepOptions & { section?: { enable_services?: string[] } }) => section?.enable_services ?? [],
  );
  return [...new Set(units)].sort();
}
