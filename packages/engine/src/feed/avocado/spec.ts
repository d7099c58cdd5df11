import { canonicalJson, sha256 } from '../../store';
import type { PackagePin, RootName, RootSpec, RpmRoot } from '../types';
import { nevra } from './nevra';
import type { FeedAddress } from './prepare';
import { isSdkRoot } from './resolve';

/** Counts changes in how a root is made of its packages. */
const rootRecipe = 1;

/** Targets of upstream's table that are no 64-bit Arm machines (contract 5.1). */
export function targetArchitecture(machine: string): 'amd64' | 'arm64' {
  return /x86-64/.test(machine) ? 'amd64' : 'arm64';
}

/** The spec of a root of the avocado feed. @param configFile relative to the workspace root */
export function rpmRootSpec(
  root: RootName,
  pins: PackagePin[],
  bootstrap: string[],
  { machine, build, image, source, snapshot }: FeedAddress,
  configFile: string,
): RootSpec {
  const ofSdk = isSdkRoot(root);
  const packages = [...pins].sort((a, b) => (nevra(a) < nevra(b) ? -1 : 1));
  const rpm: RpmRoot = {
    kind: ofSdk ? 'sdk' : 'tree',
    side: ofSdk ? 'sdk' : root === 'include' ? 'extension' : 'target',
    ...{ machine, build, image, source, configFile },
    ...(snapshot !== undefined && { snapshot }),
    ...(ofSdk && { bootstrap: packages.flatMap(({ name }) => (bootstrap.includes(name) ? [name] : [])) }),
  };
  const made = packages.map((pin) => [nevra(pin), pin.sha256]);
  const digest = sha256(canonicalJson([rootRecipe, rpm.kind, machine, build, image, rpm.bootstrap ?? [], made]));
  return { method: 'rpm', architecture: ofSdk ? build : targetArchitecture(machine), packages, digest, rpm };
}
