import { lockedVersion, nevra, parseRequest } from '../feed/avocado/nevra';
import { isSdkRoot } from '../feed/avocado/resolve';
import type { LockedVersions, RpmRoots } from '../feed/avocado/resolve';
import { snapshotFits } from '../feed/avocado/snapshot';
import { choosingArguments } from '../feed/avocado/source';
import type { AvocadoSource } from '../feed/avocado/source';
import type { RootRequests } from '../feed/requests';
import type { Project } from '../feed/wants';
import type { PackagePin, RootName } from '../feed/types';
import { canonicalJson } from '../store';
import type { Lock, LockedTarget, Pins, RpmLock, RpmProject } from './types';

/** What the lock says for one project of the avocado feed and one machine target, on this build machine. */
export interface RpmSlice {
  requests: RootRequests;
  /** Of dnf, as `choosingArguments` tells them; absent where there are none. */
  arguments?: string[];
  /** `sdk.image` as avocado.yaml names it, and by digest. */
  image: { name: string; digest: string };
  /** Id of the snapshot that the feed is frozen at. */
  snapshot?: string;
  bootstrap: string[];
  roots: RpmRoots;
}

/** `x86_64` of the build machine's SDK packages. */
const upstreamArchitecture = { amd64: 'x86_64', arm64: 'aarch64' } as const;
export type BuildArchitecture = keyof typeof upstreamArchitecture;

function projectKey({ kind, name }: Project): string {
  return `${kind} ${name}`;
}

/** The project's part of the lock, or undefined where it has none, or not all of it. */
export function rpmSlice(
  lock: Lock,
  project: Project,
  machine: string,
  build: BuildArchitecture,
): RpmSlice | undefined {
  const { rpm } = lock;
  const own = rpm?.projects[machine]?.[projectKey(project)];
  const digest = rpm?.images[own?.image ?? ''];
  if (!rpm || !own || digest === undefined) return undefined;
  const roots: RpmRoots = {};
  for (const root of Object.keys(own.requests) as (RootName | 'base')[]) {
    if (root === 'base') continue;
    const pins = isSdkRoot(root) ? own.sdk[root]?.[upstreamArchitecture[build]] : own.roots[root];
    const packages = pins && Object.entries(pins).map(([name, version]) => pinOf(rpm, name, version));
    if (!packages || packages.some((pin) => pin === undefined)) return undefined;
    roots[root] = (packages as PackagePin[]).sort((a, b) => (nevra(a) < nevra(b) ? -1 : 1));
  }
  const snapshot = lock.targets[machine]?.['repo-snapshot']?.snapshot;
  return {
    requests: own.requests,
    ...(own.arguments && { arguments: own.arguments }),
    image: { name: own.image, digest },
    ...(snapshot !== undefined && { snapshot }),
    bootstrap: own.bootstrap,
    roots,
  };
}

function pinOf(rpm: RpmLock, name: string, locked: string): PackagePin | undefined {
  const key = `${name}-${locked}`;
  const file = Object.hasOwn(rpm.packages, key) ? rpm.packages[key] : undefined;
  const dot = locked.lastIndexOf('.');
  return file && { name, version: locked.slice(0, dot), architecture: locked.slice(dot + 1), ...file };
}

/** Whether the slice was made for these requests of this feed. */
export function rpmSliceAnswers(
  slice: RpmSlice | undefined,
  requests: RootRequests,
  source: AvocadoSource,
  target: LockedTarget | undefined,
): slice is RpmSlice {
  if (slice === undefined || slice.image.name !== source.image) return false;
  const pin = target?.['repo-snapshot'];
  if (pin !== undefined && !snapshotFits(pin, source)) return false;
  return sameQuestion(slice, { requests, arguments: choosingArguments(source) });
}

type Question = Pick<RpmSlice, 'requests' | 'arguments'>;

function sameQuestion(a: Question, b: Question): boolean {
  const text = (of: Question): string => canonicalJson([of.requests, of.arguments ?? []]);
  return text(a) === text(b);
}

/** A new lock in which the project's part is this one. Upstream's own maps name what was asked for, ours all of it. */
export function withRpmSlice(
  lock: Lock,
  project: Project,
  machine: string,
  build: BuildArchitecture,
  slice: RpmSlice,
): Lock {
  const next = structuredClone(lock);
  const rpm = (next.rpm ??= { images: {}, packages: {}, projects: {} });
  const before = rpm.projects[machine]?.[projectKey(project)];
  const same = before !== undefined && sameQuestion(before, slice);
  const own: RpmProject = {
    requests: slice.requests,
    ...(slice.arguments && { arguments: slice.arguments }),
    image: slice.image.name,
    bootstrap: slice.bootstrap,
    roots: {},
    // Packages for other build machines stay, as long as they answer the same request.
    sdk: same ? before.sdk : {},
  };
  for (const [root, packages] of Object.entries(slice.roots) as [RootName, PackagePin[]][]) {
    const pins = Object.fromEntries(packages.map((pin) => [pin.name, `${pin.version}.${pin.architecture}`]));
    if (isSdkRoot(root)) own.sdk[root] = { ...own.sdk[root], [upstreamArchitecture[build]]: pins };
    else own.roots[root] = pins;
    for (const pin of packages) {
      const { filename, sha256, size } = pin;
      rpm.packages[nevra(pin)] = { filename, sha256, size };
    }
  }
  rpm.images[slice.image.name] = slice.image.digest;
  (rpm.projects[machine] ??= {})[projectKey(project)] = own;
  writeUpstream((next.targets[machine] ??= {}), project, build, slice);
  return next;
}

/** The maps of upstream's lock: the name that was asked for, and its version. */
function writeUpstream(target: LockedTarget, project: Project, build: BuildArchitecture, slice: RpmSlice): void {
  const asked = (root: RootName): Pins => {
    const names = new Set((slice.requests[root] ?? []).map((text) => parseRequest(text).name));
    const pins = (slice.roots[root] ?? []).filter(({ name }) => names.has(name));
    return Object.fromEntries(pins.map((pin) => [pin.name, lockedVersion(pin)]));
  };
  const sdk = { ...asked('tools'), ...asked('toolchain') };
  const architecture = upstreamArchitecture[build];
  target.sdk = { ...target.sdk, [architecture]: { ...target.sdk?.[architecture], ...sdk } };
  if (slice.roots.sysroot) target['target-sysroot'] = { ...target['target-sysroot'], ...asked('sysroot') };
  if (project.kind === 'extension') {
    const extensions = (target.extensions ??= {});
    const own = extensions[project.name];
    const packages = asked('extension');
    extensions[project.name] = { ...own, packages };
    // Where upstream looks for them first.
    for (const { extensions: members } of Object.values(target.runtimes ?? {})) {
      if (members && Object.hasOwn(members, project.name))
        members[project.name] = { ...members[project.name], packages };
    }
    return;
  }
  target.rootfs = { ...target.rootfs, ...asked('rootfs') };
  target.initramfs = { ...target.initramfs, ...asked('initramfs') };
  target.runtimes = { ...target.runtimes, [project.name]: { ...target.runtimes?.[project.name] } };
}

/** What the lock, whoever wrote it, says of a name: upstream's maps, which both tools keep (contract 1.10). */
export function lockedVersions(
  lock: Lock | undefined,
  project: Project,
  machine: string,
  build: BuildArchitecture,
): LockedVersions {
  const target = lock?.targets[machine];
  const own = (pins: Pins | undefined, name: string): string | undefined =>
    pins && Object.hasOwn(pins, name) ? pins[name] : undefined;
  const composed = Object.values(target?.runtimes ?? {}).map((runtime) => runtime.extensions?.[project.name]?.packages);
  // The avocado CLI of today writes below the runtime; ours are in both.
  const extension = [...composed, target?.extensions?.[project.name]?.packages];
  return (root, name) => {
    // Upstream's form, without the epoch.
    if (root === 'include') return lock?.rpm?.includes?.[machine]?.[name]?.version.replace(/^\d+:/, '');
    if (isSdkRoot(root as RootName)) return own(target?.sdk?.[upstreamArchitecture[build]], name);
    if (root === 'rootfs' || root === 'base') return own(target?.rootfs, name);
    if (root === 'initramfs') return own(target?.initramfs, name);
    if (root === 'sysroot') return own(target?.['target-sysroot'], name);
    return extension.map((pins) => own(pins, name)).find((version) => version !== undefined);
  };
}

const nameOf = (request: string): string => parseRequest(request).name;

/** Our part of the lock without projects that are not named, and without packages that none of the others needs. */
export function onlyRpmProjects(rpm: RpmLock, has: (machine: string, project: string) => boolean): RpmLock {
  const projects: RpmLock['projects'] = {};
  for (const [machine, own] of Object.entries(rpm.projects)) {
    const kept = Object.entries(own).filter(([project]) => has(machine, project));
    if (kept.length > 0) projects[machine] = Object.fromEntries(kept);
  }
  const all = Object.values(projects).flatMap((own) => Object.values(own));
  const pins = all.flatMap(({ roots, sdk }) => [
    ...Object.values(roots),
    ...Object.values(sdk).flatMap((builds) => Object.values(builds)),
  ]);
  const used = new Set(pins.flatMap((own) => Object.entries(own).map(([name, version]) => `${name}-${version}`)));
  const images = new Set(all.map(({ image }) => image));
  const only = <T>(table: Record<string, T>, names: Set<string>): Record<string, T> =>
    Object.fromEntries(Object.entries(table).filter(([name]) => names.has(name)));
  const asked = (machine: string): Set<string> =>
    new Set(Object.values(projects[machine] ?? {}).flatMap(({ requests }) => requests.include?.map(nameOf) ?? []));
  const includes = Object.fromEntries(
    Object.entries(rpm.includes ?? {})
      .map(([machine, own]) => [machine, only(own, asked(machine))] as const)
      .filter(([, own]) => Object.keys(own).length > 0),
  );
  return {
    images: only(rpm.images, images),
    packages: only(rpm.packages, used),
    ...(Object.keys(includes).length > 0 && { includes }),
    projects,
  };
}
