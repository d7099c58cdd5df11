import { join, posix } from 'node:path';
import { buildArchitecture, machine as machineOf } from '../feed/data';
import type { PackagePin, RootName, SdkDescriptor } from '../feed/types';
import type { SdkInstallOptions } from '../task';
import { lockName, readLock } from './file';
import { rpmSlice } from './rpm-slice';
import { lockSlice } from './slice';

/** A package of one root whose pin is not the one that a descriptor was made with; absent on the side that has none. */
export interface MovedPin {
  root: RootName;
  name: string;
  before?: string;
  after?: string;
}

/**
 * What `avocado.lock` says now and did not say when `sdk-install` wrote its descriptor, by root and name.
 * @throws AvocadoError `LOCK_INVALID`, `LOCK_TOO_NEW`
 * @returns undefined where the lock has no slice for the project any more: the next run makes one
 */
export async function movedPins(
  options: Pick<SdkInstallOptions, 'feed' | 'configFile' | 'project' | 'machine'>,
  { roots }: Pick<SdkDescriptor, 'roots'>,
  workspaceRoot: string,
): Promise<MovedPin[] | undefined> {
  const lock = await readLock(join(workspaceRoot, posix.dirname(options.configFile), lockName));
  const slice =
    options.feed === 'avocado'
      ? rpmSlice(lock, options.project, options.machine, buildArchitecture())
      : lockSlice(lock, options.project, machineOf(options.machine));
  if (!slice) return undefined;
  const names = [...new Set([...Object.keys(roots), ...Object.keys(slice.roots)])].sort() as RootName[];
  return names.flatMap((root) => moved(root, roots[root]?.packages ?? [], slice.roots[root] ?? []));
}

function moved(root: RootName, before: PackagePin[], after: PackagePin[]): MovedPin[] {
  const [was, is] = [versions(before), versions(after)];
  const names = [...new Set([...was.keys(), ...is.keys()])].sort();
  return names.flatMap((name) => {
    const [old, now] = [was.get(name), is.get(name)];
    if (old === now) return [];
    return [{ root, name, ...(old !== undefined && { before: old }), ...(now !== undefined && { after: now }) }];
  });
}

function versions(pins: PackagePin[]): Map<string, string> {
  return new Map(pins.map(({ name, version }) => [name, version]));
}
