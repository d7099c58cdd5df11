import type { Machine } from '../feed/machine';
import { rootArchitecture } from '../feed/resolve';
import type { RootRequests } from '../feed/requests';
import type { Project } from '../feed/wants';
import type { PackagePin, RootName } from '../feed/types';
import { canonicalJson, sha256 } from '../store';
import { onlyRpmProjects } from './rpm-slice';
import type { RpmSlice } from './rpm-slice';
import type { Lock, LockedExtension, LockedRuntime, LockedTarget, Pins } from './types';

/** What the lock says for one project and machine target, on this build machine. */
export interface LockSlice {
  requests: RootRequests;
  roots: Partial<Record<RootName, PackagePin[]>>;
}

const targetRoots = {
  sysroot: 'target-sysroot',
  extension: 'packages',
  rootfs: 'rootfs',
  initramfs: 'initramfs',
  kernel: 'kernel',
} as const;
const sharedRoots = { tools: 'sdk', emulator: 'emulator', interpreter: 'interpreter' } as const;

const upstreamArchitecture = { amd64: 'x86_64', arm64: 'aarch64' } as const;

/** The project's part of the lock, or undefined where the lock has none, or not all of it. */
export function lockSlice(lock: Lock, project: Project, machine: Machine): LockSlice | undefined {
  const target = lock.targets[machine.name];
  const locked = lockedProject(target, project);
  if (!target || !locked?.requests) return undefined;
  const roots: LockSlice['roots'] = {};
  for (const root of Object.keys(locked.requests) as (RootName | 'base')[]) {
    if (root === 'base') continue;
    const pins = pinsOf(target, locked, root, upstreamArchitecture[rootArchitecture(root, machine)]);
    const packages = pins && pinned(lock, pins, rootArchitecture(root, machine));
    if (!packages) return undefined;
    roots[root] = packages;
  }
  return { requests: locked.requests, roots };
}

function lockedProject(
  target: LockedTarget | undefined,
  { kind, name }: Project,
): LockedExtension | LockedRuntime | undefined {
  const projects: Record<string, LockedExtension | LockedRuntime> | undefined =
    kind === 'extension' ? target?.extensions : target?.runtimes;
  return projects && Object.hasOwn(projects, name) ? projects[name] : undefined;
}

function pinsOf(
  target: LockedTarget,
  locked: LockedExtension & LockedRuntime,
  root: RootName,
  build: string,
): Pins | undefined {
  if (isShared(root)) return target[sharedRoots[root]]?.[build];
  if (root === 'toolchain') return locked.sdk?.[build];
  if (root === 'include') return undefined;
  return locked[targetRoots[root]];
}

function isShared(root: RootName): root is keyof typeof sharedRoots {
  return Object.hasOwn(sharedRoots, root);
}

function pinned(lock: Lock, pins: Pins, architecture: string): PackagePin[] | undefined {
  const packages: PackagePin[] = [];
  for (const [name, version] of Object.entries(pins)) {
    const found = [architecture, 'all'].find((arch) => Object.hasOwn(lock.debian, `${name}_${version}_${arch}`));
    const file = lock.debian[`${name}_${version}_${found}`];
    if (!found || !file) return undefined;
    packages.push({ name, version, architecture: found, ...file });
  }
  return packages;
}

/** Whether the slice was made for these requests: no package was added to the project or taken from it since. */
export function sliceAnswers(slice: LockSlice | undefined, requests: RootRequests): slice is LockSlice {
  return slice !== undefined && canonicalJson(slice.requests) === canonicalJson(requests);
}

/** sha256 of a slice, for a task's key; of nothing where there is none. */
export function lockDigest(slice: LockSlice | RpmSlice | undefined): string {
  return sha256(canonicalJson(slice ?? null));
}

/** A new lock in which the project's part is this one. */
export function withSlice(lock: Lock, project: Project, machine: Machine, slice: LockSlice): Lock {
  const next = structuredClone(lock);
  const target = (next.targets[machine.name] ??= {});
  const locked: LockedExtension & LockedRuntime = { requests: slice.requests as Record<string, string[]> };
  const before: LockedExtension | undefined = lockedProject(target, project);
  if (before?.source) locked.source = before.source;
  // The compilers of other build architectures stay, as long as they answer the same request.
  if (before?.sdk && canonicalJson(before.requests?.['toolchain']) === canonicalJson(slice.requests.toolchain)) {
    locked.sdk = before.sdk;
  }
  for (const [root, packages] of Object.entries(slice.roots) as [RootName, PackagePin[]][]) {
    const build = upstreamArchitecture[rootArchitecture(root, machine)];
    const pins: Pins = Object.fromEntries(packages.map(({ name, version }) => [name, version]));
    if (isShared(root)) (target[sharedRoots[root]] ??= {})[build] = pins;
    else if (root === 'toolchain') (locked.sdk ??= {})[build] = pins;
    else if (root !== 'include') locked[targetRoots[root]] = pins;
    for (const { name, version, architecture, filename, sha256: hash, size } of packages) {
      next.debian[`${name}_${version}_${architecture}`] = { filename, sha256: hash, size };
    }
  }
  if (project.kind === 'extension') (target.extensions ??= {})[project.name] = locked;
  else (target.runtimes ??= {})[project.name] = locked;
  return next;
}

/** Pins of the shared roots in `lock` that hold all that is wanted. */
export function sharedPins(lock: Lock | undefined, machine: Machine, requests: RootRequests): LockSlice['roots'] {
  const target = lock?.targets[machine.name];
  const found: LockSlice['roots'] = {};
  for (const root of Object.keys(sharedRoots) as (keyof typeof sharedRoots)[]) {
    const wanted = requests[root];
    const architecture = rootArchitecture(root, machine);
    const pins = target?.[sharedRoots[root]]?.[upstreamArchitecture[architecture]];
    if (!lock || !wanted || !pins || !wanted.every((name) => Object.hasOwn(pins, name))) continue;
    const packages = pinned(lock, pins, architecture);
    if (packages) found[root] = packages;
  }
  return found;
}

/** A lock without the projects and machine targets that are not named. */
export function onlyProjects(lock: Lock, wanted: { project: Project; machine: string }[]): Lock {
  const next = structuredClone(lock);
  const has = (machine: string, kind: Project['kind'], name: string): boolean =>
    wanted.some((want) => want.machine === machine && want.project.kind === kind && want.project.name === name);
  for (const [machine, target] of Object.entries(next.targets)) {
    if (!wanted.some((want) => want.machine === machine)) delete next.targets[machine];
    for (const name of Object.keys(target.extensions ?? {})) {
      if (!has(machine, 'extension', name)) delete target.extensions?.[name];
    }
    for (const name of Object.keys(target.runtimes ?? {})) {
      if (!has(machine, 'runtime', name)) delete target.runtimes?.[name];
    }
  }
  if (next.rpm) {
    const names = new Set(wanted.map(({ machine, project }) => `${machine} ${project.kind} ${project.name}`));
    next.rpm = onlyRpmProjects(next.rpm, (machine, project) => names.has(`${machine} ${project}`));
  }
  return next;
}
