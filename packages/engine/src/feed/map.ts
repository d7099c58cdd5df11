import { feedData } from './data';
import type { Machine } from './machine';
import { matches } from './glob';
import type { RootName } from './types';

/** Avocado package name to Debian names: the plugin option `packages` in nx.json. It wins over the feed's own map. */
export type PackageMap = Record<string, string[]>;

/** Debian's names for one of Avocado's, or undefined where neither the user nor the feed maps it. */
export function mapPackage(root: RootName, name: string, machine: Machine, own: PackageMap = {}): string[] | undefined {
  const { packages, same } = feedData();
  const mapped = lookUp(own, name) ?? lookUp(packages[root] ?? {}, name);
  if (mapped) return mapped.flatMap((debian) => (debian === '{cross}' ? machine.cross : [debian]));
  return (root === 'extension' || root === 'rootfs') && same.includes(name) ? [name] : undefined;
}

function lookUp(map: PackageMap, name: string): string[] | undefined {
  if (Object.hasOwn(map, name)) return map[name];
  return Object.entries(map).find(([pattern]) => pattern.includes('*') && matches(pattern, name))?.[1];
}
