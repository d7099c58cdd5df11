import { posix } from 'node:path';
import type { TargetConfiguration } from '@nx/devkit';
import type { ExtensionSlice, RuntimeSlice } from './model';
import type { PluginOptions } from './options';
import { outputPath, target } from './target';
import type { OverlayState } from './overlay';
import type { NamedProject } from './target';

/** What the targets of one avocado.yaml have in common. */
export interface FileContext {
  /** The avocado.yaml, relative to the workspace root. */
  configFile: string;
  options: PluginOptions;
  /** In the order of `ResolvedFile.projects`. */
  projects: NamedProject[];
  /** State of an extension's overlay, read just now. */
  overlayOf(slice: ExtensionSlice): OverlayState;
}

/** `sdk-install`: which packages, pinned, this project's SDK is made of. */
export function sdkInstall(
  owner: NamedProject,
  kind: 'extension' | 'runtime',
  slices: Record<string, ExtensionSlice | RuntimeSlice>,
  file: FileContext,
): TargetConfiguration {
  return target(owner, {
    verb: 'sdk-install',
    description: 'Pins the packages of the SDK that this project needs',
    cache: true,
    dependsOn: [],
    options: Object.fromEntries(
      Object.entries(slices).map(([machine, slice]) => [
        machine,
        {
          outputPath: outputPath(owner, machine, 'sdk-install'),
          feed: file.options.feed,
          lock: file.options.lock,
          configFile: file.configFile,
          project: { kind, name: slice.section.name },
          lockDigest: slice.lockDigest,
          requests: slice.requests,
        },
      ]),
    ),
  });
}

/**
 * `config` does nothing and starts no process. Its inputs are the files that the other targets' options come from, so
 * that `nx affected` finds the projects of an edited avocado.yaml or lock. No task's key holds it: what its own options
 * say decides whether a task runs again (DESIGN rules 1 and 7).
 */
export function configTarget({ configFile }: FileContext): TargetConfiguration {
  const lockFile = posix.join(posix.dirname(configFile), 'avocado.lock');
  return {
    executor: 'nx:noop',
    cache: true,
    inputs: [
      ...[configFile, lockFile].map((file) => ({ fileset: `{workspaceRoot}/${file}` })),
      { externalDependencies: [] },
    ],
    // Nothing is ever there, but Nx carries a change along declared outputs only.
    outputs: ['{projectRoot}/config'],
    metadata: { technologies: ['avocado'], description: 'Stands for avocado.yaml and its lock in `nx affected`' },
  };
}
