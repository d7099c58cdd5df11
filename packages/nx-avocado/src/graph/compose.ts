import { posix } from 'node:path';
import type { ExtensionSlice, ResolvedFile, ResolvedProject } from './model';

/** How the avocado.yaml files of a workspace belong together. */
export interface Composition {
  /**
   * The project that is built for an extension: itself, or with `source: {type: path}` the one of that folder's own
   * avocado.yaml, so that no extension is built twice.
   */
  standIn(project: ResolvedProject): ResolvedProject;
  /**
   * The default machine target of a file. One that names none has that of the files that compose it, where they agree:
   * Nx hands no machine target on to what a task depends on, unless one was asked for.
   */
  machineOf(file: ResolvedFile): string | undefined;
  /** The first runtime of another file that an extension is composed into. */
  runtimeOf(extension: ResolvedProject): ResolvedProject | undefined;
}

/** @param configFiles paths relative to the workspace root, in the order of `resolved` */
export function compose(configFiles: readonly string[], resolved: readonly ResolvedFile[]): Composition {
  const byFolder = new Map(resolved.map((file, index) => [posix.dirname(configFiles[index] ?? ''), file]));
  const fileOf = new Map(resolved.flatMap((file) => file.projects.map((project) => [project, file])));
  const links = new Map<ResolvedProject, ResolvedProject>();
  for (const [project, file] of fileOf) {
    const found = project.folder === undefined ? undefined : origin(project, file, byFolder.get(project.folder));
    if (found) links.set(project, found);
  }
  const standIn = (project: ResolvedProject): ResolvedProject => {
    const seen = new Set<ResolvedProject>();
    for (let next: ResolvedProject | undefined = project; next; next = links.get(next)) {
      // Files that compose each other: each keeps what it says.
      if (seen.has(next)) return project;
      seen.add(next);
    }
    return [...seen].at(-1) ?? project;
  };
  const linked = [...links.keys()].filter((project) => standIn(project) !== project);
  const machineOf = (file: ResolvedFile): string | undefined => {
    if (file.undecided === undefined) return file.machines[0];
    const composing = linked.flatMap((project) => {
      const other = fileOf.get(project);
      return other?.undecided === undefined && fileOf.get(standIn(project)) === file ? other?.machines[0] : [];
    });
    const [machine, ...others] = new Set(composing);
    return others.length === 0 && machine !== undefined && file.machines.includes(machine) ? machine : undefined;
  };
  const runtimeOf = (extension: ResolvedProject): ResolvedProject | undefined => {
    const names = linked.filter((project) => standIn(project) === extension);
    const runtimes = names.flatMap((project) => {
      const { projects = [] } = fileOf.get(project) ?? {};
      return projects.filter(({ outline }) => outline.extensions.includes(projects.indexOf(project)));
    });
    return runtimes[0];
  };
  return { standIn, machineOf, runtimeOf };
}

/** By its name, else the only one that the folder has, as upstream. */
function origin(
  { name }: ResolvedProject,
  file: ResolvedFile,
  other: ResolvedFile | undefined,
): ResolvedProject | undefined {
  if (!other || other === file) return undefined;
  const extensions = other.projects.filter(({ kind }) => kind === 'extension');
  const found = extensions.find((project) => project.name === name) ?? (extensions.length === 1 && extensions[0]);
  // Where the defaults differ, the runtime's default build would start the extension's for another machine target.
  const agree =
    [file, other].some(({ undecided }) => undecided !== undefined) || file.machines[0] === other.machines[0];
  return found && (agree || other.error !== undefined) ? found : undefined;
}

export function hasAccounts({ section }: Pick<ExtensionSlice, 'section'>): boolean {
  return Object.keys(section.users).length + Object.keys(section.groups).length > 0;
}
