import { join, relative, resolve } from 'node:path';
import { writeFile } from 'node:fs/promises';
import { AvocadoError } from '../error';
import { canonicalJson, replaceDirectory, writeManifest } from '../store';
import type { SdkInstallOptions } from '../task';
import { feedData, machine as machineOf } from '../feed/data';
import { emulationFor } from '../feed/emulation';
import { fetchPackages } from '../feed/fetch';
import { omittedFor } from '../feed/omitted';
import type { RootRequests } from '../feed/requests';
import { rootSpec } from '../feed/resolve';
import { isInstalled, openRoot, rootfsTar } from '../feed/root';
import type { PackagePin, RootName, RootSpec, SdkDescriptor } from '../feed/types';
import type { SdkImages, SdkRunner } from '../sdk/types';
import { lockName, readLock, writeLock } from './file';
import { installRpms } from './rpm-install';
import { lockSlice, sliceAnswers } from './slice';
import type { LockSlice } from './slice';
import { lockGuard, resolveInto } from './update';
import type { LockContext } from './update';

export interface SdkInstallContext extends LockContext {
  /** Absolute. */
  workspaceRoot: string;
  /** For the avocado feed: what runs dnf, and the images that it runs in. */
  runner?: SdkRunner;
  images?: SdkImages;
}

function installAvocado(options: SdkInstallOptions, context: SdkInstallContext): Promise<SdkDescriptor> {
  const { workspaceRoot, reporter, signal, runner, images } = context;
  if (options.source && runner && images) {
    return installRpms(options, options.source, { workspaceRoot, reporter, signal, runner, images });
  }
  throw new AvocadoError('FEED_UNSUPPORTED', 'the avocado feed needs a container engine', {
    hint: 'Set the plugin option `runner` in nx.json to "docker".',
  });
}

/**
 * The task `sdk-install`: writes `sdk.json` from the project's slice of avocado.lock, and installs the roots that are
 * not on this machine yet. Under `lock: refresh` a missing slice is resolved and a vanished pin moved, and the lock
 * is written; under `strict` both are errors.
 * @throws AvocadoError `LOCK_MISSING`, `PIN_VANISHED`, and what fetching and installing throw
 */
export async function sdkInstall(options: SdkInstallOptions, context: SdkInstallContext): Promise<SdkDescriptor> {
  if (options.feed === 'avocado') return installAvocado(options, context);
  const machine = machineOf(options.machine);
  const lockFile = join(resolve(context.workspaceRoot, options.configFile), '..', lockName);
  const specsOf = ({ roots }: LockSlice): SdkDescriptor['roots'] =>
    Object.fromEntries(Object.entries(roots).map(([root, pins]) => [root, rootSpec(root as RootName, machine, pins)]));

  let roots = specsOf(await sliceFor(options, lockFile, context));
  try {
    await fetchRoots(roots, context);
  } catch (error) {
    if (!(error instanceof AvocadoError && error.code === 'PIN_VANISHED') || options.lock === 'strict') throw error;
    roots = specsOf(await refresh(options, lockFile, context, true, `${error.message}: moved to what it has now`));
    await fetchRoots(roots, context);
  }
  const { interpreter, ...own } = roots;
  for (const [root, spec] of Object.entries(own) as [RootName, RootSpec][]) {
    const make = root === 'rootfs' ? rootfsTar : openRoot;
    await make(spec, { ...context, label: root, interpreter });
  }
  for (const name of new Set(Object.values(options.requests).flat())) {
    const note = feedData().notes[name];
    if (note !== undefined) context.reporter.notice(note);
  }
  const omitted = omittedFor(options);
  const descriptor: SdkDescriptor = { version: 1, feed: 'debian', machine: machine.name, roots, omitted };
  await replaceDirectory(resolve(context.workspaceRoot, options.outputPath), async (directory) => {
    await writeFile(join(directory, 'sdk.json'), `${canonicalJson(descriptor)}\n`);
    await writeManifest(directory, ['sdk.json']);
  });
  return descriptor;
}

/** All packages of the roots that are not on this machine, in one go and each once. */
async function fetchRoots(roots: SdkDescriptor['roots'], context: SdkInstallContext): Promise<void> {
  const { interpreter, ...own } = roots;
  const pins: PackagePin[] = [];
  for (const spec of Object.values(own)) if (!(await isInstalled(spec))) pins.push(...spec.packages);
  // With the rest, so that a pin of it that has vanished moves as theirs do.
  if (interpreter && own.rootfs && !(await isInstalled(own.rootfs))) {
    const emulation = await emulationFor(own.rootfs.architecture, context.signal);
    if (emulation === 'private') pins.push(...interpreter.packages);
  }
  await fetchPackages([...new Map(pins.map((pin) => [pin.sha256, pin])).values()], context);
}

async function sliceFor(options: SdkInstallOptions, lockFile: string, context: SdkInstallContext): Promise<LockSlice> {
  const slice = lockSlice(await readLock(lockFile), options.project, machineOf(options.machine));
  if (sliceAnswers(slice, options.requests as RootRequests)) return slice;
  const name = relative(context.workspaceRoot, lockFile);
  const what = `${options.project.kind} ${options.project.name} for ${options.machine}`;
  if (options.lock === 'strict') {
    const state = slice ? 'is older than what it asks for' : 'has no packages for it';
    throw new AvocadoError('LOCK_MISSING', `${name} does not fit the ${what}: it ${state}`, {
      position: { file: options.configFile },
      hint: 'Bring the lock up to date, and commit it: nx sync',
    });
  }
  return refresh(
    options,
    lockFile,
    context,
    false,
    `${name} had no packages for the ${what}: pinned what Debian has now`,
  );
}

async function refresh(
  options: SdkInstallOptions,
  lockFile: string,
  context: SdkInstallContext,
  vanished: boolean,
  notice: string,
): Promise<LockSlice> {
  const { project, machine } = options;
  const requests = options.requests as RootRequests;
  return lockGuard(lockFile, context, async () => {
    const before = await readLock(lockFile);
    // What every project shares stays as it is, unless it is what the mirror no longer has.
    const shared = vanished ? undefined : before;
    const next = await resolveInto(before, [{ project, machine, requests }], context, shared);
    await writeLock(lockFile, next);
    context.reporter.notice(notice);
    const slice = lockSlice(next, project, machineOf(machine));
    if (!slice) throw new AvocadoError('LOCK_INVALID', `the lock cannot hold ${project.kind} ${project.name}`);
    return slice;
  });
}
