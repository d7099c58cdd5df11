import type { ResolvedFile, ResolvedProject } from './model';

/** Why a project cannot be built for a machine target that somebody may ask for, by machine target. */
export type Refusals = Record<string, string>;

/**
 * Nx runs a task without its configuration where it does not know that: what was asked for one machine target would be
 * built for the default one. So each of these is a configuration of `sdk-install`, which all other tasks follow.
 * An extension that a runtime leaves out for a machine target has none: the runtime's tasks depend on it all the same.
 */
export function refusals(
  files: readonly ResolvedFile[],
  standIn: (project: ResolvedProject) => ResolvedProject,
): Map<ResolvedProject, Refusals> {
  let leftOut: ReturnType<typeof leftOutOf> | undefined;
  const isLeftOut = (project: ResolvedProject, machine: string): boolean =>
    (leftOut ??= leftOutOf(files, standIn)).get(project)?.has(machine) ?? false;
  return new Map(
    files.flatMap(({ others = {}, projects }) =>
      projects.map((project) => {
        const found = Object.entries({ ...others, ...project.errors }).filter(
          ([machine]) => !isLeftOut(project, machine),
        );
        // Part of every key of the project, as all that stands in its targets is: a line above must not change it.
        return [project, Object.fromEntries(found.map(([machine, text]) => [machine, withoutLines(text)]))];
      }),
    ),
  );
}

/** Machine targets that a runtime is built for without an extension that it lists for others. */
function leftOutOf(
  files: readonly ResolvedFile[],
  standIn: (project: ResolvedProject) => ResolvedProject,
): Map<ResolvedProject, Set<string>> {
  const found = new Map<ResolvedProject, Set<string>>();
  for (const { projects } of files) {
    for (const { slices } of projects) {
      const lists = Object.entries(slices).map(([machine, slice]) => {
        const listed = slice.kind === 'runtime' ? slice.extensions : [];
        return { machine, extensions: new Set(listed.flatMap(({ project }) => projects[project] ?? [])) };
      });
      for (const extension of new Set(lists.flatMap(({ extensions }) => [...extensions]))) {
        const without = lists.filter(({ extensions }) => !extensions.has(extension)).map(({ machine }) => machine);
        const known = found.get(standIn(extension)) ?? [];
        if (without.length > 0) found.set(standIn(extension), new Set([...known, ...without]));
      }
    }
  }
  return found;
}

function withoutLines(text: string): string {
  return text.replace(/^( *\S+?):\d+:\d+: /gm, '$1: ');
}
