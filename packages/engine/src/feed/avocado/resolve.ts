import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AvocadoError } from '../../error';
import type { RootRequests } from '../requests';
import type { PackagePin, RootName } from '../types';
import { dnfStep } from './dnf';
import type { DnfCall } from './dnf';
import { newRoot, workDirectory } from './layout';
import { nevra, parseRequest } from './nevra';
import { dnfSpec, metadataStep, withFeed } from './prepare';
import type { FeedAddress } from './prepare';
import { bootstrapName, metadataName } from './requests';
import { runSteps } from './run';
import type { FeedContext } from './run';
import { withoutCredentials } from './errors';
import type { Step } from './steps';

export type RpmRoots = Partial<Record<RootName, PackagePin[]>>;

/** The version that the lock has for a name of a root, in upstream's form. */
export type LockedVersions = (root: RootName | 'base', name: string) => string | undefined;

/** Roots below the SDK's prefix; the others are system roots of their own. */
export function isSdkRoot(root: RootName): boolean {
  return root === 'tools' || root === 'toolchain' || root === 'emulator';
}

export interface Resolution {
  roots: RpmRoots;
  /** Packages of the SDK that are installed without their scripts. */
  bootstrap: string[];
}

/**
 * Asks dnf what it would install for each root. Only the package with the repositories is really installed, in a scratch
 * prefix. What an extension asks for is resolved together with the OS image's packages, which stay as they are and are taken
 * out again: dnf then sees them as there, as with upstream's copy of the image's RPM database.
 * @throws AvocadoError `PACKAGE_UNAVAILABLE`, `FEED_UNREACHABLE`, `FEED_UNTRUSTED`, `SNAPSHOT_VANISHED`
 */
export async function resolveRpms(
  address: FeedAddress,
  requests: RootRequests,
  locked: LockedVersions,
  context: FeedContext,
): Promise<Resolution> {
  return withFeed(address, context, async (prepared) => {
    const { work, connection } = prepared;
    await mkdir(join(work, 'root'));
    const mounts = [...prepared.mounts, { source: join(work, 'root'), target: newRoot, writable: true }];
    const calls = resolveCalls(address.machine, requests, locked);
    const file = (name: string): string => `${workDirectory}/${name}.json`;
    const steps: Step[] = [
      ...prepared.reach,
      metadataStep(
        prepared,
        dnfSpec(metadataName(address.machine), (name) => locked('tools', name)),
        file('metadata'),
      ),
      ...calls.map(({ name, call }) => dnfStep({ ...call, transaction: file(name) }, prepared.dnf)),
    ];
    const label = `resolve the packages for ${address.machine}`;
    await runSteps({ label, image: prepared.image, work, steps, mounts, network: true }, context);
    const read = async (name: string): Promise<PackagePin[]> =>
      parseTransaction(await readFile(join(work, `${name}.json`), 'utf8').catch(() => '[]'), connection.url);
    const metadata = await read('metadata');
    const base = new Set((calls.some(({ name }) => name === 'base') ? await read('base') : []).map(nevra));
    const roots: RpmRoots = {};
    for (const { name } of calls) {
      if (name === 'base' || name === 'bootstrap') continue;
      const pins = await read(name);
      roots[name] = isSdkRoot(name) ? [...metadata, ...pins] : pins.filter((pin) => !base.has(nevra(pin)));
      if (name === 'rootfs') roots[name] = pins;
    }
    return { roots, bootstrap: [...metadata, ...(await read('bootstrap'))].map(({ name }) => name).sort() };
  });
}

interface ResolveCall {
  name: RootName | 'base' | 'bootstrap';
  call: DnfCall;
}

/** Pure: one call of dnf for each root. */
export function resolveCalls(machine: string, requests: RootRequests, locked: LockedVersions): ResolveCall[] {
  const specs = (root: RootName | 'base', names: readonly string[] = []): string[] =>
    names.filter((name) => name !== metadataName(machine)).map((name) => dnfSpec(name, (found) => locked(root, found)));
  const base = specs('base', requests.base);
  const calls: ResolveCall[] = [
    {
      name: 'bootstrap',
      call: {
        label: 'the SDK itself',
        side: 'sdk',
        argv: ['--assumeno', 'install', ...specs('tools', [bootstrapName])],
      },
    },
  ];
  if (base.length > 0) calls.push({ name: 'base', call: targetCall('base', base) });
  for (const [root, names] of Object.entries(requests) as [RootName | 'base', string[]][]) {
    if (root === 'base' || names.length === 0) continue;
    const wanted = specs(root, names);
    if (root === 'include') {
      const only = names.flatMap((name) => parseRequest(name).repository ?? []).map((name) => `--repo=${name}`);
      const argv = [...only, '--assumeno', 'install', ...wanted];
      calls.push({ name: root, call: { label: root, side: 'extension', installroot: newRoot, argv } });
    } else if (isSdkRoot(root)) {
      calls.push({ name: root, call: { label: root, side: 'sdk', argv: ['--assumeno', 'install', ...wanted] } });
    } else {
      calls.push({ name: root, call: targetCall(root, root === 'extension' ? [...base, ...wanted] : wanted) });
    }
  }
  return calls;
}

function targetCall(label: string, specs: string[]): DnfCall {
  return { label, side: 'target', installroot: newRoot, argv: ['--assumeno', 'install', ...specs] };
}

interface Described {
  name: string;
  version: string;
  architecture: string;
  location: string;
  sha256: string | null;
  size: number;
}

/**
 * What our plugin of dnf wrote, sorted.
 * @param url the feed's address: places are told relative to it, so that a lock fits every mirror of the feed
 * @throws AvocadoError `PACKAGE_UNPINNABLE`
 */
export function parseTransaction(text: string, url: string): PackagePin[] {
  const bare = withoutCredentials(url);
  return (JSON.parse(text) as Described[])
    .map(({ location, sha256, ...pin }) => {
      if (sha256 === null) {
        throw new AvocadoError('PACKAGE_UNPINNABLE', `the feed has no sha256 of ${pin.name}`, {
          hint: 'Index the feed with createrepo_c --checksum sha256.',
        });
      }
      const place = withoutCredentials(location);
      const filename = place.startsWith(`${bare}/`) ? place.slice(bare.length + 1) : place;
      const { name, version, architecture, size } = pin;
      return { name, version, architecture, filename, sha256, size };
    })
    .sort((a, b) => (nevra(a) < nevra(b) ? -1 : 1));
}
