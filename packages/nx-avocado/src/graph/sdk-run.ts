import type { TargetConfiguration } from '@nx/devkit';
import type { ExtensionSlice, RuntimeSlice } from './model';
import { target, taskOutput } from './target';
import type { NamedProject } from './target';

/** `sdk-run`: a command of the user's in the project's SDK. Nothing of it is kept. */
export function sdkRun(
  owner: NamedProject,
  slices: Record<string, ExtensionSlice | RuntimeSlice>,
): TargetConfiguration {
  return target(owner, {
    verb: 'sdk-run',
    description: "Runs a command in this project's SDK: nx run <project>:sdk-run -- <command>",
    cache: false,
    dependsOn: [{ project: owner.project, target: 'sdk-install' }],
    options: Object.fromEntries(
      Object.entries(slices).map(([machine, slice]) => [
        machine,
        {
          inSdk: {
            sdk: taskOutput(owner, machine, 'sdk-install'),
            sourceRoot: slice.sourceRoot,
            ...(slice.kind === 'extension' && { extension: slice.section.name }),
            ...(slice.containerArgs && { containerArgs: slice.containerArgs }),
            source_date_epoch: slice.source_date_epoch,
          },
        },
      ]),
    ),
  });
}
