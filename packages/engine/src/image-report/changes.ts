import type { PackageSummary, RuntimeSummary } from './summary';

export interface SizeChange {
  name: string;
  /** Bytes; absent where there was, or is, none. */
  before?: number;
  after?: number;
}

export interface PackageChange {
  image: string;
  name: string;
  /** Versions. */
  before?: string;
  after?: string;
}

export interface Changes {
  /** Of the runtime that it is compared with. */
  id: string;
  /** Images and what boots them, all of them, in today's order; what is gone comes last. */
  sizes: SizeChange[];
  packages: PackageChange[];
}

/** What is different from the runtime that was built before. Pure. */
export function changesSince(former: RuntimeSummary, now: RuntimeSummary): Changes {
  const versions = (list: PackageSummary[]): Map<string, PackageSummary> =>
    new Map(list.map((entry) => [`${entry.image}\0${entry.name}`, entry]));
  const packages = pairs(versions(former.packages), versions(now.packages)).flatMap(([, before, after]) => {
    if (before?.version === after?.version) return [];
    const { image, name } = (after ?? before)!;
    return [{ image, name, ...withoutAbsent({ before: before?.version, after: after?.version }) }];
  });
  const sizes = pairs(sizesOf(former), sizesOf(now)).map(([name, before, after]) => ({
    name,
    ...withoutAbsent({ before, after }),
  }));
  return { id: former.runtime.id, sizes, packages };
}

function sizesOf({ images, boot }: RuntimeSummary): Map<string, number> {
  return new Map([...images, ...boot].map(({ name, size }) => [name, size]));
}

function pairs<T>(
  before: ReadonlyMap<string, T>,
  after: ReadonlyMap<string, T>,
): [string, T | undefined, T | undefined][] {
  const names = [...after.keys(), ...[...before.keys()].filter((name) => !after.has(name))];
  return names.map((name) => [name, before.get(name), after.get(name)]);
}

function withoutAbsent<T>({ before, after }: { before: T | undefined; after: T | undefined }) {
  return { ...(before !== undefined && { before }), ...(after !== undefined && { after }) };
}
