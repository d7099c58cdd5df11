import type { TargetConfiguration } from '@nx/devkit';
import type { ExtensionSlice, ResolvedProject, RuntimeSlice } from './model';
import type { PluginOptions } from './options';
import { outputPath, target } from './target';
import type { OverlayState } from './overlay';
import type { NamedProject } from './target';

/** What the targets of one avocado.yaml have in common. */
export interface FileContext {
  /** The avocado.yaml, relative to the workspace root. */
  configFile: string;
  /** `ResolvedFile.reads` */
  reads: string[];
  options: PluginOptions;
  /** In the order of `ResolvedFile.projects`; what is composed from another folder is that folder's project. */
  projects: NamedProject[];
  /** The first runtime of another file that an extension is composed into. */
  runtimeOf(extension: ResolvedProject): NamedProject | undefined;
  /** State of an extension's overlay, or of an OS image's, read just now. */
  overlayOf(slice: ExtensionSlice | RuntimeSlice): OverlayState;
}

/** `sdk-install`: which packages, pinned, this project's SDK is made of. */
export function sdkInstall(
  owner: NamedProject,
  kind: 'extension' | 'runtime',
  slices: Record<string, ExtensionSlice | RuntimeSlice>,
  file: FileContext,
): TargetConfiguration {
  const made = target(owner, {
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
          ...(slice.feed && { source: slice.feed }),
        },
      ]),
    ),
  });
  const refused = Object.entries(owner.refused).map(([machine, error]) => [
    machine,
    { machine, outputPath: outputPath(owner, machine, 'sdk-install'), error },
  ]);
  if (refused.length === 0) return made;
  return { ...made, configurations: { ...made.configurations, ...Object.fromEntries(refused) } };
}
