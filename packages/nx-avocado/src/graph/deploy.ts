import type { TargetConfiguration } from '@nx/devkit';
import { target, taskOutput } from './target';
import type { NamedProject } from './target';

/** `deploy`: a runtime, or one extension of it, to a device that the user names. Nothing of it is kept. */
export function deployTarget(
  owner: NamedProject,
  kind: 'runtime' | 'extension',
  machines: readonly string[],
): TargetConfiguration {
  const own = (task: string) => ({ project: owner.project, target: task });
  return target(owner, {
    verb: 'deploy',
    description:
      kind === 'runtime'
        ? 'Makes a running device run this runtime, over ssh: sends what it lacks'
        : 'Replaces this extension on a running device, over ssh',
    example: { device: 'root@192.168.1.20' },
    cache: false,
    dependsOn: ['sdk-install', 'build'].map(own),
    options: Object.fromEntries(
      machines.map((machine) => [
        machine,
        { sdk: taskOutput(owner, machine, 'sdk-install'), [kind]: taskOutput(owner, machine, 'build') },
      ]),
    ),
  });
}
