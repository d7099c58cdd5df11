import { resolve } from 'node:path';
import { resolveRpms } from '../feed/avocado/resolve';
import { tellMoved } from '../feed/avocado/moved-image';
import { latestSnapshot, snapshotFits } from '../feed/avocado/snapshot';
import type { RepoSnapshot } from '../feed/avocado/snapshot';
import { withFeed } from '../feed/avocado/prepare';
import type { FeedAddress } from '../feed/avocado/prepare';
import type { FeedContext } from '../feed/avocado/run';
import { choosingArguments } from '../feed/avocado/source';
import type { AvocadoSource } from '../feed/avocado/source';
import { buildArchitecture } from '../feed/data';
import type { RootRequests } from '../feed/requests';
import type { Project } from '../feed/wants';
import { lockedVersions, rpmSlice, rpmSliceAnswers, withRpmSlice } from './rpm-slice';
import type { Lock } from './types';

/** One project of the avocado feed, for one machine target. */
export interface RpmWant {
  project: Project;
  machine: string;
  requests: RootRequests;
  source: AvocadoSource;
  /** Absolute. */
  configFile: string;
}

/** Those that the lock has no pins for, or pins for another request or feed. Needs no network. */
export function staleRpmWants(lock: Lock, wants: RpmWant[]): RpmWant[] {
  const build = buildArchitecture();
  return wants.filter(({ project, machine, requests, source }) => {
    const slice = rpmSlice(lock, project, machine, build);
    return !rpmSliceAnswers(slice, requests, source, lock.targets[machine]);
  });
}

/**
 * Resolves these wants into `lock`, which keeps all else as it is. What it says of versions, snapshot and image holds, whoever
 * wrote it; what it does not say is what the feed has now.
 * @param pinned where versions are taken from; an empty lock moves all of them
 * @throws AvocadoError see feed/avocado/errors.ts
 */
export async function resolveRpmsInto(
  lock: Lock,
  wants: RpmWant[],
  context: FeedContext,
  pinned: Lock = lock,
): Promise<Lock> {
  const build = buildArchitecture();
  let next = lock;
  const freeze = freezer(pinned, context);
  for (const want of wants) {
    const { project, machine, requests, source } = want;
    const { address, snapshot } = await freeze(want);
    const step = context.reporter.step(`resolve the packages of ${project.kind} ${project.name} for ${machine}`);
    const versions = lockedVersions(pinned, project, machine, build);
    const { roots, bootstrap } = await resolveRpms(address, requests, versions, context);
    step.done();
    const more = choosingArguments(source);
    const asked = { requests, ...(more.length > 0 && { arguments: more }) };
    const slice = { ...asked, image: { name: source.image, digest: address.image }, bootstrap, roots };
    next = withRpmSlice(next, project, machine, build, slice);
    const target = next.targets[machine]!;
    if (snapshot) target['repo-snapshot'] = snapshot;
    else delete target['repo-snapshot'];
    if (source.release !== undefined) next.distro_release = source.release;
  }
  return next;
}

/** Names of SDK images of which a later lock pins another digest. */
export function movedImages(before: Lock, after: Lock): string[] {
  const [old, now] = [before.rpm?.images ?? {}, after.rpm?.images ?? {}];
  return Object.keys(now).filter((name) => Object.hasOwn(old, name) && old[name] !== now[name]);
}

export interface Frozen {
  address: FeedAddress;
  snapshot: RepoSnapshot | undefined;
}

/** Tells the feed, snapshot and image of each want: those of the lock, else the feed's newest, which it asks for once. */
export function freezer(
  pinned: Lock,
  context: FeedContext,
): (want: Pick<RpmWant, 'machine' | 'source' | 'configFile'>) => Promise<Frozen> {
  const snapshots = new Map<string, RepoSnapshot | undefined>();
  return async ({ machine, source, configFile }) => {
    const known = pinned.rpm?.images[source.image];
    if (known !== undefined) await tellMoved({ name: source.image, pinned: known }, context.images, context.reporter);
    const image = known ?? (await context.images.pin(source.image));
    const address = { machine, build: buildArchitecture(), source, image, configFile: resolve(configFile) };
    if (!snapshots.has(machine)) {
      const kept = pinned.targets[machine]?.['repo-snapshot'];
      snapshots.set(machine, snapshotFits(kept, source) ? kept : await newestSnapshot(address, context));
    }
    const snapshot = snapshots.get(machine);
    return { address: { ...address, snapshot: snapshot?.snapshot }, snapshot };
  };
}

async function newestSnapshot(address: FeedAddress, context: FeedContext): Promise<RepoSnapshot | undefined> {
  const { machine, source } = address;
  return withFeed(address, context, ({ connection, image, work, mounts, reach }) =>
    latestSnapshot({ machine, source, connection, image, work, mounts, before: reach }, context),
  );
}
