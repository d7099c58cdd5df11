import { posix } from 'node:path';
import type { TargetConfiguration } from '@nx/devkit';
import { isNx24 } from './batch';
import type { ExtensionSlice, RuntimeSlice } from './model';
import type { FileContext } from './sdk-install';

/**
 * `config` does nothing and starts no process. Its inputs are what the other targets' options come from, so that `nx
 * affected` finds the tasks of an edited avocado.yaml or lock: all but `sdk-install` follow it. That one does not, for each
 * task in a row costs Nx 15 ms, and what it gives is used by tasks that do. No task's key holds avocado.yaml: what a task's
 * own options say decides whether it runs again (DESIGN rules 1 and 7).
 *
 * Of the lock, Nx 24 compares the project's own part. Where Nx looks at whole projects (`nx show projects --affected`
 * without a target, NX_LEGACY_AFFECTED) it knows files alone, and the target `lock`, which nothing depends on, names it.
 */
export function configTargets(
  kind: 'extension' | 'runtime',
  slices: Record<string, ExtensionSlice | RuntimeSlice>,
  { configFile, reads }: FileContext,
): Record<string, TargetConfiguration> {
  const lockFile = `{workspaceRoot}/${posix.join(posix.dirname(configFile), 'avocado.lock')}`;
  const files = [configFile, ...reads].map((file) => ({ fileset: `{workspaceRoot}/${file}` }));
  const describe = 'Stands for avocado.yaml and its lock in `nx affected`';
  if (!isNx24) return { config: noop('config', [...files, { fileset: lockFile }], describe) };
  const own = { json: lockFile, fields: lockFields(kind, slices) };
  return {
    config: noop('config', [...files, own], describe),
    lock: noop('lock', [{ fileset: lockFile }], 'Stands for avocado.lock where Nx looks at whole projects'),
  };
}

function noop(
  task: string,
  inputs: NonNullable<TargetConfiguration['inputs']>,
  description: string,
): TargetConfiguration {
  return {
    executor: 'nx:noop',
    cache: true,
    inputs: [...inputs, { externalDependencies: [] }],
    // Nothing is ever there, but Nx carries a change along declared outputs only.
    outputs: [`{projectRoot}/${task}`],
    metadata: {
      technologies: ['avocado'],
      description,
      help: { command: 'npx nx show projects --affected -t build --explain', example: {} },
    },
  };
}

/** The parts of the lock that `lockSlice` takes, as Nx's dotted paths; a name with a dot has none of its own. */
function lockFields(kind: 'extension' | 'runtime', slices: Record<string, ExtensionSlice | RuntimeSlice>): string[] {
  return Object.entries(slices).flatMap(([machine, { section, requests }]) => {
    const target = `targets.${machine}`;
    const all = `${target}.${kind}s`;
    return [
      section.name.includes('.') ? all : `${all}.${section.name}`,
      ...('tools' in requests ? [`${target}.sdk`] : []),
      ...('emulator' in requests ? [`${target}.emulator`] : []),
      ...('interpreter' in requests ? [`${target}.interpreter`] : []),
    ];
  });
}
