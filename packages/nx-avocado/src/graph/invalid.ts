import type { TargetConfiguration } from '@nx/devkit';
import type { NamedProject } from './target';

const tasks = {
  extension: ['sdk-install', 'compile', 'build'],
  runtime: ['sdk-install', 'rootfs', 'build', 'provision', 'qemu', 'boot-test', 'disk'],
};

/** The usual targets of a project whose avocado.yaml has errors: each of them fails and prints these errors. */
export function invalidTargets(
  owner: NamedProject,
  kind: 'extension' | 'runtime',
  error: string,
): Record<string, TargetConfiguration> {
  return Object.fromEntries(
    tasks[kind].map((task) => [
      task,
      {
        executor: 'nx-avocado:invalid',
        cache: false,
        // Nx's default inputs are files of the project's root, where there are none: it could not hash the task.
        inputs: [{ externalDependencies: [] }],
        options: { error },
        metadata: {
          technologies: ['avocado'],
          description: `Cannot run: ${owner.project}'s avocado.yaml has errors`,
        },
      },
    ]),
  );
}
