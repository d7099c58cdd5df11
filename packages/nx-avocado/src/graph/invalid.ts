import type { TargetConfiguration } from '@nx/devkit';
import { compileTaskNames } from './extension';
import type { ResolvedProject } from './model';
import type { FileContext } from './sdk-install';
import { dependency, help } from './target';
import type { Edge, NamedProject } from './target';

/**
 * The usual targets of a project that nothing can be made of, and what they depend on: the first that runs fails and
 * prints why, and the rest is not started.
 */
export function invalidTargets(
  owner: NamedProject,
  error: string,
  { kind, outline }: ResolvedProject,
  { projects }: FileContext,
): Record<string, TargetConfiguration> {
  const own = (...names: string[]): Edge[] => names.map((target) => ({ project: owner.project, target }));
  const compiles = [...compileTaskNames(outline.packages).values()];
  const extensions = outline.extensions.flatMap((index) => {
    const extension = projects[index];
    return extension ? [{ project: extension.project, target: 'build' }] : [];
  });
  const edges: Record<string, Edge[]> =
    kind === 'extension'
      ? {
          'sdk-install': [],
          'sdk-run': own('sdk-install'),
          ...Object.fromEntries(compiles.map((name) => [name, own('sdk-install')])),
          build: own('sdk-install', ...compiles),
          deploy: own('build'),
        }
      : {
          'sdk-install': [],
          'sdk-run': own('sdk-install'),
          rootfs: own('sdk-install'),
          build: [...own('rootfs'), ...extensions],
          provision: own('build'),
          deploy: own('build'),
          ...Object.fromEntries(
            ['qemu', 'boot-test', 'boot-chart', 'watch', 'disk', 'flash', 'report'].map((name) => [
              name,
              own('provision'),
            ]),
          ),
        };
  return Object.fromEntries(
    Object.entries(edges).map(([task, dependsOn]) => [
      task,
      {
        executor: 'nx-avocado:invalid',
        cache: false,
        ...(dependsOn.length > 0 && { dependsOn: dependsOn.map(dependency(owner)) }),
        // Nx's default inputs are files of the project's root, where there are none: it could not hash the task.
        inputs: [{ externalDependencies: [] }],
        options: { error },
        metadata: {
          technologies: ['avocado'],
          description: `Cannot run: ${owner.project}'s avocado.yaml has errors`,
          help: help(owner, task),
        },
      },
    ]),
  );
}
