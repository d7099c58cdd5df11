import { writeFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { AvocadoError } from '../error';
import { fetchRpms } from '../feed/avocado/fetch';
import type { WantedRpms } from '../feed/avocado/fetch';
import { addressOf, openRpmRoot } from '../feed/avocado/open';
import { rpmRootSpec } from '../feed/avocado/spec';
import type { FeedContext } from '../feed/avocado/run';
import type { AvocadoSource } from '../feed/avocado/source';
import { buildArchitecture } from '../feed/data';
import type { RootRequests } from '../feed/requests';
import { isInstalled } from '../feed/root';
import type { PackagePin, RootName, RootSpec, SdkDescriptor } from '../feed/types';
import { canonicalJson, replaceDirectory, writeManifest } from '../store';
import type { SdkInstallOptions } from '../task';
import { emptyLock, lockName, readLock, writeLock } from './file';
import { rpmSlice, rpmSliceAnswers } from './rpm-slice';
import type { RpmSlice } from './rpm-slice';
import { resolveRpmsInto } from './rpm-update';
import { lockGuard } from './update';
import type { Lock } from './types';

export interface RpmInstallContext extends FeedContext {
  /** Absolute. */
  workspaceRoot: string;
}

/**
 * The task `sdk-install` on the avocado feed: writes `sdk.json` from the project's part of avocado.lock, and installs the roots
 * that are not on this machine yet. `lock: strict` and `refresh` mean what they mean on the debian feed.
 * @throws AvocadoError `LOCK_MISSING`, `PIN_VANISHED`, `SNAPSHOT_VANISHED`, and what fetching and installing throw
 */
export async function installRpms(
  options: SdkInstallOptions,
  source: AvocadoSource,
  context: RpmInstallContext,
): Promise<SdkDescriptor> {
  const task = {
    options,
    source,
    context,
    lockFile: join(resolve(context.workspaceRoot, options.configFile), '..', lockName),
  };
  let roots = specsOf(await sliceFor(task), task);
  try {
    await fetchRoots(roots, context);
  } catch (error) {
    const moved = error instanceof AvocadoError && ['PIN_VANISHED', 'SNAPSHOT_VANISHED'].includes(error.code);
    if (!moved || options.lock === 'strict') throw error;
    const forget = error.code === 'SNAPSHOT_VANISHED' ? 'snapshot' : 'versions';
    roots = specsOf(await refresh(task, `${error.message}: moved to what it has now`, forget), task);
    await fetchRoots(roots, context);
  }
  for (const [label, spec] of Object.entries(roots)) await openRpmRoot(spec, context, label);
  const descriptor: SdkDescriptor = { version: 1, feed: 'avocado', machine: options.machine, roots, omitted: {} };
  await replaceDirectory(resolve(context.workspaceRoot, options.outputPath), async (directory) => {
    await writeFile(join(directory, 'sdk.json'), `${canonicalJson(descriptor)}\n`);
    await writeManifest(directory, ['sdk.json']);
  });
  return descriptor;
}

interface Task {
  options: SdkInstallOptions;
  source: AvocadoSource;
  context: RpmInstallContext;
  lockFile: string;
}

function specsOf(
  { image, snapshot, bootstrap, roots }: RpmSlice,
  { options, source, context }: Task,
): SdkDescriptor['roots'] {
  const { machine, configFile } = options;
  const absolute = resolve(context.workspaceRoot, configFile);
  const address = { machine, build: buildArchitecture(), source, snapshot, image: image.digest, configFile: absolute };
  return Object.fromEntries(
    (Object.entries(roots) as [RootName, PackagePin[]][]).map(([root, pins]) => [
      root,
      rpmRootSpec(root, pins, bootstrap, address, configFile),
    ]),
  );
}

/** All packages of the roots that are not on this machine, in one container and each once. */
async function fetchRoots(roots: SdkDescriptor['roots'], context: RpmInstallContext): Promise<void> {
  const wanted: WantedRpms = {};
  let missing: RootSpec | undefined;
  for (const spec of Object.values(roots)) {
    if (!spec.rpm || (await isInstalled(spec))) continue;
    missing = spec;
    wanted[spec.rpm.side] = [...(wanted[spec.rpm.side] ?? []), ...spec.packages];
  }
  if (!missing?.rpm) return;
  await fetchRpms(addressOf(missing.rpm, resolve(context.workspaceRoot, missing.rpm.configFile)), wanted, context);
}

async function sliceFor(task: Task): Promise<RpmSlice> {
  const { options, source, lockFile, context } = task;
  const { project, machine } = options;
  const lock = await readLock(lockFile);
  const slice = rpmSlice(lock, project, machine, buildArchitecture());
  if (rpmSliceAnswers(slice, options.requests as RootRequests, source, lock.targets[machine])) return slice;
  const name = relative(context.workspaceRoot, lockFile);
  const what = `${project.kind} ${project.name} for ${machine}`;
  if (options.lock === 'strict') {
    const state = slice ? 'is older than what it asks for' : 'does not pin all of its packages';
    throw new AvocadoError('LOCK_MISSING', `${name} does not fit the ${what}: it ${state}`, {
      position: { file: options.configFile },
      hint: 'Bring the lock up to date, and commit it: nx sync',
    });
  }
  return refresh(task, `${name} did not pin all packages of the ${what}: pinned what the feed has now`);
}

/** @param forget what of the lock is not held on to: the project's versions, or the snapshot as well */
async function refresh(task: Task, notice: string, forget?: 'versions' | 'snapshot'): Promise<RpmSlice> {
  const { options, source, context, lockFile } = task;
  const { project, machine, requests } = options;
  return lockGuard(lockFile, context, async () => {
    const before = await readLock(lockFile);
    const configFile = resolve(context.workspaceRoot, options.configFile);
    const want = { project, machine, requests: requests as RootRequests, source, configFile };
    const next = await resolveRpmsInto(before, [want], context, heldOn(before, machine, forget));
    await writeLock(lockFile, next);
    context.reporter.notice(notice);
    const slice = rpmSlice(next, project, machine, buildArchitecture());
    if (!slice) throw new AvocadoError('LOCK_INVALID', `the lock cannot hold ${project.kind} ${project.name}`);
    return slice;
  });
}

function heldOn(lock: Lock, machine: string, forget: 'versions' | 'snapshot' | undefined): Lock {
  if (forget === undefined) return lock;
  const snapshot = forget === 'versions' ? lock.targets[machine]?.['repo-snapshot'] : undefined;
  return {
    ...emptyLock(),
    targets: { [machine]: snapshot ? { 'repo-snapshot': snapshot } : {} },
    ...(lock.rpm && { rpm: { ...lock.rpm, projects: {} } }),
  };
}
