import type { CreateDependencies, DependencyType, ProjectConfiguration } from '@nx/devkit';
import { verbOf } from './batch';

/**
 * Runtime to extension edges, read back from the inferred targets, so that the two cannot disagree. They are implicit:
 * Nx wants a static edge's file to belong to its project, and avocado.yaml stands outside of all of its projects' roots.
 */
export const createDependencies: CreateDependencies = (_options, { projects }) =>
  Object.entries(projects).flatMap(([source, project]) =>
    extensionsOf(project)
      .filter((target) => target in projects)
      .map((target) => ({ source, target, type: 'implicit' as DependencyType.implicit })),
  );

function extensionsOf({ targets }: ProjectConfiguration): string[] {
  const build = targets?.['build'];
  if (!build || !['runtime-build', 'invalid'].includes(verbOf(build) ?? '')) return [];
  return (build.dependsOn ?? []).flatMap((edge) =>
    typeof edge === 'object' && Array.isArray(edge.projects) ? edge.projects : [],
  );
}
