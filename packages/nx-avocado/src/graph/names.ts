/** What a project is called by, before names are known to be unique. */
export interface Nameable {
  kind: 'extension' | 'runtime';
  /** Its own name in avocado.yaml. */
  name: string;
  /** Folder of the avocado.yaml, relative to the workspace root; `.` for the root itself. */
  folder: string;
}

/**
 * Nx project names, in the order of `items`: the own name where no other in the workspace has it, else, for all that
 * collide, with the folder's last name, its whole path, and at last the kind before or after it. Depends on the set
 * alone, not on its order.
 */
export function projectNames(items: readonly Nameable[]): string[] {
  const levels = items.map(() => 0);
  for (;;) {
    const names = items.map((item, index) => candidate(item, levels[index] ?? 0));
    const counts = new Map<string, number>();
    for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
    const colliding = names.flatMap((name, index) => (counts.get(name) === 1 ? [] : [index]));
    const raisable = colliding.filter((index) => (levels[index] ?? 0) < lastLevel);
    if (raisable.length === 0) return names;
    for (const index of raisable) levels[index] = (levels[index] ?? 0) + 1;
  }
}

const lastLevel = 3;

function candidate({ kind, name, folder }: Nameable, level: number): string {
  const parts = folder === '.' ? ['workspace'] : folder.split('/');
  if (level === 0) return name;
  if (level === 1) return `${parts.at(-1)}-${name}`;
  return level === 2 ? `${parts.join('-')}-${name}` : `${parts.join('-')}-${name}-${kind}`;
}

/**
 * The directory that is the project's root: `<folder>/.avocado/<name>`. It need not exist. A runtime that shares its
 * name with an extension of the same file gets one of its own, because two Nx projects cannot share a root.
 */
export function projectRoot({ kind, name, folder }: Nameable, siblings: readonly Nameable[]): string {
  const shared = siblings.some((other) => other.kind !== kind && other.name === name);
  const directory = shared ? `${name}-${kind}` : name;
  return folder === '.' ? `.avocado/${directory}` : `${folder}/.avocado/${directory}`;
}
