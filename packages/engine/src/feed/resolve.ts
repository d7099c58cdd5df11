import { sha256, canonicalJson } from '../store';
import { aptClosure, aptState } from './apt';
import type { AptState } from './apt';
import { buildArchitecture, feedData } from './data';
import type { Machine } from './machine';
import { matches } from './glob';
import { findMirror } from './mirror';
import type { RootRequests } from './requests';
import type { PackagePin, RootName, RootSpec } from './types';

/** Counts changes in how a root is made from its packages: with the data's `finish`, part of every root's digest. */
export const rootRecipe = 3;

export function rootArchitecture(root: RootName, machine: Machine): 'amd64' | 'arm64' {
  return feedData().roots[root].architecture === 'build' ? buildArchitecture() : machine.architecture;
}

/** The spec of a root that is made of these packages. */
export function rootSpec(root: RootName, machine: Machine, packages: PackagePin[]): RootSpec {
  const { method } = feedData().roots[root];
  const architecture = rootArchitecture(root, machine);
  const sorted = [...packages].sort(byName);
  const pins = sorted.map((pin) => [pin.name, pin.version, pin.architecture, pin.sha256]);
  const finish = method === 'unpack' ? feedData().finish : undefined;
  const digest = sha256(canonicalJson({ recipe: rootRecipe, method, architecture, pins, finish }));
  return { method, architecture, packages: sorted, digest };
}

function byName(a: PackagePin, b: PackagePin): number {
  return compare(a.name, b.name) || compare(a.architecture, b.architecture);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/**
 * Pins for every requested root, as the mirror has them now.
 * @param options.ready sees to it that there are lists of packages
 * @throws AvocadoError `PACKAGE_UNAVAILABLE`, `FEED_UNREACHABLE`
 */
export async function resolveRoots(
  requests: RootRequests,
  machine: Machine,
  { signal, ready }: { signal?: AbortSignal; ready: (state: AptState) => Promise<void> },
): Promise<Partial<Record<RootName, PackagePin[]>>> {
  const mirror = await findMirror(process.env, '/etc/apt', signal);
  const components = [...mirror.components, ...(machine.components ?? [])];
  const roots: Partial<Record<RootName, PackagePin[]>> = {};
  for (const [root, wanted] of Object.entries(requests) as [RootName | 'base', string[]][]) {
    if (root === 'base') continue;
    const forTarget = feedData().roots[root].architecture === 'target';
    const state = aptState(rootArchitecture(root, machine), forTarget ? { ...mirror, components } : mirror);
    await ready(state);
    const all = await aptClosure(state, withEssential(root, wanted), signal);
    const base =
      root === 'extension' ? await aptClosure(state, withEssential('rootfs', requests.base ?? []), signal) : [];
    roots[root] = selectPackages(root, wanted, all, base).sort(byName);
  }
  return roots;
}

function withEssential(root: RootName, wanted: string[]): string[] {
  return feedData().roots[root].essential ? ['?and(?essential,?not(?exact-name(apt)))', ...wanted] : wanted;
}

/** What of a closure belongs into the root, by the root's recipe. */
export function selectPackages(root: RootName, wanted: string[], all: PackagePin[], base: PackagePin[]): PackagePin[] {
  const { exclude = [], dependencies = true, follow } = feedData().roots[root];
  const inBase = new Set(base.map(({ name }) => name));
  return all.filter(({ name }) => {
    if (wanted.includes(name)) return !inBase.has(name);
    if (!dependencies) return follow !== undefined && matches(follow, name);
    return !inBase.has(name) && !exclude.some((pattern) => matches(pattern, name));
  });
}
