import { createHash } from 'node:crypto';

/** What a project is called by, before names are known to be unique. */
export interface Nameable {
  kind: 'extension' | 'runtime';
  /** Its own name in avocado.yaml. */
  name: string;
  /** Folder of the avocado.yaml, relative to the workspace root; `.` for the root itself. */
  folder: string;
}

/**
 * Nx project names, in the order of `items`: the own name where no other project of the workspace has it, else, for all
 * of ours that collide, with the folder's last name, its whole path, the kind, and at last a digest. Depends on the sets
 * alone, not on their order.
 * @param taken names of other projects, which keep them
 */
export function projectNames(items: readonly Nameable[], taken: ReadonlySet<string> = new Set()): string[] {
  const levels = items.map(() => 0);
  for (;;) {
    const names = items.map((item, index) => candidate(item, levels[index] ?? 0));
    const counts = new Map<string, number>();
    for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
    const colliding = names.flatMap((name, index) => (counts.get(name) === 1 && !taken.has(name) ? [] : [index]));
    const raisable = colliding.filter((index) => (levels[index] ?? 0) < lastLevel);
    if (raisable.length === 0) return names;
    for (const index of raisable) levels[index] = (levels[index] ?? 0) + 1;
  }
}

/** Every name that `projectNames` may give, but for those with a digest, which nobody else has. */
export function possibleNames(items: readonly Nameable[]): Set<string> {
  const names = new Set<string>();
  for (const item of items) for (let level = 0; level < lastLevel; level++) names.add(candidate(item, level));
  return names;
}

const lastLevel = 4;

function candidate({ kind, name, folder }: Nameable, level: number): string {
  const parts = folder === '.' ? ['workspace'] : folder.split('/');
  if (level === 0) return name;
  if (level === 1) return `${parts.at(-1)}-${name}`;
  const whole = `${parts.join('-')}-${name}`;
  if (level === 2) return whole;
  if (level === 3) return `${whole}-${kind}`;
  // Folder a-b with c is as folder a with b-c.
  return `${whole}-${createHash('sha256').update(`${folder}\0${name}\0${kind}`).digest('hex').slice(0, 8)}`;
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
