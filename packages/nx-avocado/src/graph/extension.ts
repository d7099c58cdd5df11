import type { TargetConfiguration } from '@nx/devkit';
import { hasAccounts } from './compose';
import type { CompiledSlice, ExtensionSlice, ResolvedProject } from './model';
import { outputPath, target, taskOutput } from './target';
import type { Edge, NamedProject } from './target';
import { configTargets } from './config-target';
import { deployTarget } from './deploy';
import { sdkInstall } from './sdk-install';
import { sdkRun } from './sdk-run';
import type { FileContext } from './sdk-install';

/** Targets of an extension: `sdk-install`, `compile` (or `compile-<package>`), `build`. */
export function extensionTargets(
  owner: NamedProject,
  slices: Record<string, ExtensionSlice>,
  project: ResolvedProject,
  file: FileContext,
): Record<string, TargetConfiguration> {
  const targets: Record<string, TargetConfiguration> = {
    ...configTargets('extension', slices, file),
    'sdk-install': sdkInstall(owner, 'extension', slices, file),
    'sdk-run': sdkRun(owner, slices),
  };
  const tasks = compileTaskNames(
    Object.values(slices).flatMap(({ compiled }) => compiled.map(({ options }) => options.package)),
  );
  for (const [packageName, task] of tasks) {
    targets[task] = compile(owner, task, only(slices, packageName), file);
  }
  targets['build'] = build(owner, slices, tasks, accountsRuntime(project, file), file);
  targets['deploy'] = deployTarget(owner, 'extension', Object.keys(slices));
  return targets;
}

/** Task names by package: `compile` where there is one, else one for each. */
export function compileTaskNames(packages: string[]): Map<string, string> {
  const names = new Set(packages);
  return new Map([...names].map((name) => [name, names.size === 1 ? 'compile' : `compile-${name}`]));
}

/** The runtime whose accounts the extension's are added to: one of its own file, else one that composes it. */
function accountsRuntime(project: ResolvedProject, file: FileContext): NamedProject | undefined {
  const slices = Object.values(project.slices).filter((slice) => slice.kind === 'extension');
  const own = slices.find((slice) => slice.accounts !== undefined)?.accounts;
  if (own !== undefined) return file.projects[own];
  return slices.some(hasAccounts) ? file.runtimeOf(project) : undefined;
}

type CompileSlices = Record<string, { slice: ExtensionSlice; compiled: CompiledSlice }>;

function only(slices: Record<string, ExtensionSlice>, packageName: string): CompileSlices {
  return Object.fromEntries(
    Object.entries(slices).flatMap(([machine, slice]) =>
      slice.compiled
        .filter(({ options }) => options.package === packageName)
        .map((compiled) => [machine, { slice, compiled }]),
    ),
  );
}

function compile(
  owner: NamedProject,
  task: string,
  slices: CompileSlices,
  { configFile }: FileContext,
): TargetConfiguration {
  const entries = Object.entries(slices);
  const verb = entries[0]?.[1].compiled.via ?? 'sdk-compile';
  return target(owner, {
    task,
    verb,
    description:
      verb === 'cargo-cross'
        ? 'Cross-compiles the crate in the SDK'
        : 'Runs the compile and install scripts in the SDK',
    cache: true,
    dependsOn: ['config', 'sdk-install'].map((name) => ({ project: owner.project, target: name })),
    files: entries.flatMap(([, { compiled }]) => compiled.files),
    options: Object.fromEntries(
      entries.map(([machine, { slice, compiled }]) => [
        machine,
        {
          outputPath: outputPath(owner, machine, task),
          sdk: taskOutput(owner, machine, 'sdk-install'),
          extension: slice.section.name,
          source_date_epoch: slice.source_date_epoch,
          sourceRoot: slice.sourceRoot,
          ...(slice.source && { source: slice.source }),
          ...(slice.include && { include: slice.include }),
          ...(compiled.via === 'sdk-compile' && { configFile }),
          ...compiled.options,
        },
      ]),
    ),
  });
}

function build(
  owner: NamedProject,
  slices: Record<string, ExtensionSlice>,
  tasks: Map<string, string>,
  runtime: NamedProject | undefined,
  file: FileContext,
): TargetConfiguration {
  const dependsOn: Edge[] = [
    ...['config', 'sdk-install'].map((name) => ({ project: owner.project, target: name })),
    ...[...tasks.values()].map((task) => ({ project: owner.project, target: task })),
    ...(runtime ? [{ project: runtime.project, target: 'rootfs' }] : []),
  ];
  return target(owner, {
    task: 'build',
    verb: 'extension-assemble',
    description: 'Packs the extension image',
    cache: true,
    dependsOn,
    files: Object.values(slices).flatMap((slice) => slice.files),
    options: Object.fromEntries(
      Object.entries(slices).map(([machine, slice]) => [
        machine,
        {
          outputPath: outputPath(owner, machine, 'build'),
          sdk: taskOutput(owner, machine, 'sdk-install'),
          sourceRoot: slice.sourceRoot,
          ...(slice.source && { source: slice.source }),
          ...(slice.include && { include: slice.include }),
          section: slice.section,
          configFile: file.configFile,
          staged: slice.compiled.map(({ options }) =>
            taskOutput(owner, machine, tasks.get(options.package) ?? 'compile'),
          ),
          ...(runtime && hasAccounts(slice) && { rootfs: taskOutput(runtime, machine, 'rootfs') }),
          ...file.overlayOf(slice),
          source_date_epoch: slice.source_date_epoch,
        },
      ]),
    ),
  });
}
