import { basename } from 'node:path';
import { AvocadoError } from '../error';
import type { FeedContext } from '../feed/avocado/run';
import type { AvocadoSource } from '../feed/avocado/source';
import { machine as machineOf } from '../feed/data';
import type { RootRequests } from '../feed/requests';
import type { Project } from '../feed/wants';
import { resolveRoots } from '../feed/resolve';
import { aptUpdate, isFresh } from '../feed/apt';
import type { AptState } from '../feed/apt';
import type { Reporter } from '../report';
import { storePath, withLock, sha256 } from '../store';
import { emptyLock, formatLock, readLock, writeLock } from './file';
import { lockSlice, onlyProjects, sharedPins, sliceAnswers, withSlice } from './slice';
import { resolveRpmsInto, staleRpmWants } from './rpm-update';
import type { Lock } from './types';

/** One project of one machine target, and what it needs. */
export interface LockWant {
  project: Project;
  machine: string;
  requests: RootRequests;
  /** Where it is of the avocado feed: which one, and the absolute path of the avocado.yaml that says so. */
  avocado?: { source: AvocadoSource; configFile: string };
}

export interface LockContext {
  reporter: Reporter;
  signal?: AbortSignal | undefined;
  /** For the avocado feed: where dnf runs. */
  dnf?: Pick<FeedContext, 'runner' | 'images'>;
}

/** Runs `use` while no other process of this machine changes the lock at `path`. */
export function lockGuard<T>(path: string, { reporter }: LockContext, use: () => Promise<T>): Promise<T> {
  const wait = (): void => reporter.info(`another process is changing ${basename(path)}; waiting for it`);
  return withLock(storePath('locks', `lock-${sha256(path)}`), use, wait);
}

/** Those that the lock has no pins for, or pins for another request. Needs no network: what `nx sync:check` asks. */
export function staleWants(lock: Lock, wants: LockWant[]): LockWant[] {
  return wants.filter(({ project, machine, requests, avocado }) =>
    avocado
      ? staleRpmWants(lock, [{ project, machine, requests, ...avocado }]).length > 0
      : !sliceAnswers(lockSlice(lock, project, machineOf(machine)), requests),
  );
}

/**
 * Resolves every want anew from current lists of packages, and drops what nobody wants any more.
 * Returns the new lock; writes nothing.
 * @throws AvocadoError `PACKAGE_UNAVAILABLE`, `FEED_UNREACHABLE`
 */
export async function updateLock(wants: LockWant[], context: LockContext): Promise<Lock> {
  return resolveInto(emptyLock(), wants, context);
}

/**
 * Resolves these wants into `lock`, which keeps all else as it is.
 * @param shared a lock whose pins of the shared roots (image tools, emulator) are kept where they fit
 */
export async function resolveInto(
  lock: Lock,
  wants: LockWant[],
  context: LockContext,
  shared: Lock | undefined = undefined,
): Promise<Lock> {
  const rpms = wants.flatMap(({ avocado, ...want }) => (avocado ? [{ ...want, ...avocado }] : []));
  const debs = wants.filter(({ avocado }) => !avocado);
  const next = debs.length === 0 ? lock : await resolveDebsInto(lock, debs, context, shared);
  if (rpms.length === 0) return next;
  if (!context.dnf) throw new AvocadoError('FEED_UNSUPPORTED', 'the avocado feed needs a container engine');
  return resolveRpmsInto(next, rpms, { ...context, ...context.dnf }, shared ?? emptyLock());
}

async function resolveDebsInto(
  lock: Lock,
  wants: LockWant[],
  context: LockContext,
  shared: Lock | undefined,
): Promise<Lock> {
  const { reporter, signal } = context;
  const ready = async (state: AptState): Promise<void> => {
    if (await isFresh(state)) return;
    const step = reporter.step(`get Debian's lists of packages for ${state.architecture}`);
    await aptUpdate(state, signal);
    step.done();
  };
  let next = lock;
  let keep = shared;
  // apt's private state serves one process at a time.
  await withLock(storePath('locks', 'apt'), async () => {
    for (const { project, machine, requests } of wants) {
      const found = machineOf(machine);
      const kept = sharedPins(keep, found, requests);
      const missing = Object.fromEntries(Object.entries(requests).filter(([root]) => !Object.hasOwn(kept, root)));
      const resolved = await resolveRoots(missing, found, { ...(signal ? { signal } : {}), ready });
      next = withSlice(next, project, found, { requests, roots: { ...resolved, ...kept } });
      keep = next;
    }
  });
  return next;
}

/**
 * Brings the lock at `path` up to date for these wants, which are all that its avocado.yaml has, and drops the rest.
 * Returns whether it changed. What `nx sync` does.
 */
export async function syncLock(path: string, wants: LockWant[], context: LockContext): Promise<boolean> {
  return lockGuard(path, context, async () => {
    const before = await readLock(path);
    const stale = staleWants(before, wants);
    const current = stale.length === 0 ? before : await resolveInto(before, stale, context, before);
    const next = onlyProjects(current, wants);
    if (formatLock(next) === formatLock(before)) return false;
    await writeLock(path, next);
    return true;
  });
}
