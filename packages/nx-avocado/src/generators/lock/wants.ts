import type { LockWant, Members } from '@nx-avocado/engine/lock';
import type { Composition } from '../../graph/compose';
import type { ResolvedFile } from '../../graph/model';

/** What a lock is to hold for one avocado.yaml. */
export interface FileWants {
  wants: LockWant[];
  /** Projects of which nothing can be told now: the lock says of them what it said. */
  keep: Pick<LockWant, 'project' | 'machine'>[];
  /** Of the avocado feed. */
  members: Members;
  /** Why something cannot be built for the file's default machine target. */
  notices: string[];
}

/**
 * What is composed from another folder is pinned there.
 * @param resolved a file without errors
 * @param configFile its absolute path
 */
export function wantsOf(resolved: ResolvedFile, standIn: Composition['standIn'], configFile: string): FileWants {
  const own = resolved.projects.filter((project) => standIn(project) === project);
  const machine = resolved.undecided === undefined ? resolved.machines[0] : undefined;
  const notices = own.flatMap(({ errors }) => {
    const error = machine === undefined ? undefined : errors[machine];
    // A runtime of another machine target is no mistake, and what is not fetched has been said.
    return error === undefined || /\[(PROJECT_NOT_FOR_TARGET|LOCK_MISSING|SOURCE_\w+)\]/.test(error) ? [] : [error];
  });
  return {
    wants: own.flatMap(({ kind, slices }) =>
      Object.entries(slices).map(([name, { section, requests, feed }]) => ({
        project: { kind, name: section.name },
        machine: name,
        requests,
        ...(feed && { avocado: { source: feed, configFile } }),
      })),
    ),
    keep: own.flatMap(({ kind, name, errors, sources = {} }) =>
      Object.entries(errors)
        .filter(([, error]) => !error.includes('[PROJECT_NOT_FOR_TARGET]'))
        .map(([other]) => ({ project: { kind, name: sources[other]?.extension ?? name }, machine: other })),
    ),
    members: membersOf(own),
    notices: [...new Set(notices)],
  };
}

function membersOf(projects: ResolvedFile['projects']): Members {
  const members: Members = {};
  for (const [machine, slice] of projects.flatMap(({ slices }) => Object.entries(slices))) {
    if (slice.kind !== 'runtime' || !slice.feed) continue;
    (members[machine] ??= {})[slice.section.name] = slice.extensions.map(({ name }) => name);
  }
  return members;
}
