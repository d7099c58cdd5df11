import { isDeepStrictEqual } from 'node:util';
import type { ResolvedFile, ResolvedProject } from './model';

type Slices = Record<string, Record<string, unknown>>;

/** A project as it is kept: by machine target but the first, what its slice has of the first one's. */
interface PackedProject extends ResolvedProject {
  shared?: Record<string, string[]>;
}

/**
 * Most of what a file says it says for every machine target. Each further slice gets the first one's own objects where
 * they are equal, so that a configuration holds what it changes (`differences` in target.ts), and so does the cache.
 */
export function shareSlices(projects: ResolvedProject[]): void {
  for (const project of projects) {
    const [first, ...others] = Object.values(project.slices as unknown as Slices);
    if (first) for (const slice of others) shareEqual(first, slice);
  }
}

function shareEqual(first: Record<string, unknown>, other: Record<string, unknown>): void {
  for (const key in other) {
    if (isObject(other[key]) && isDeepStrictEqual(first[key], other[key])) other[key] = first[key];
  }
}

/** Leaves out what is the first slice's. `unpackFile` puts it in again, whatever JSON made of it between. */
export function packFile(file: ResolvedFile): ResolvedFile {
  return { ...file, projects: file.projects.map(packProject) };
}

function packProject(project: PackedProject): PackedProject {
  // Of an earlier start, and not asked for in this one.
  if (project.shared) return project;
  const [machine, ...others] = Object.keys(project.slices);
  if (machine === undefined || others.length === 0) return project;
  const slices = project.slices as unknown as Slices;
  const first = slices[machine]!;
  const packed: Slices = { [machine]: first };
  const shared: Record<string, string[]> = {};
  for (const other of others) {
    const slice = slices[other]!;
    const own = Object.entries(slice).filter(([key, value]) => !isObject(value) || value !== first[key]);
    packed[other] = Object.fromEntries(own);
    shared[other] = Object.keys(slice).filter((key) => !(key in packed[other]!));
  }
  return { ...project, slices: packed as unknown as ResolvedProject['slices'], shared };
}

/** In place. */
export function unpackFile(file: ResolvedFile): ResolvedFile {
  for (const project of file.projects as PackedProject[]) {
    const slices = project.slices as unknown as Slices;
    const [first] = Object.values(slices);
    for (const machine in project.shared) {
      for (const key of project.shared[machine]!) slices[machine]![key] = first![key];
    }
    delete project.shared;
  }
  return file;
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}
