import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Mount, SdkRoot } from '../../sdk/types';
import { storePath, withTemporaryDirectory } from '../../store';
import { dnfStep } from './dnf';
import type { DnfOptions } from './dnf';
import { feedPaths } from './layout';
import type { FeedPaths } from './layout';
import { parseRequest } from './nevra';
import { placeKeys } from './run';
import type { FeedContext } from './run';
import { choosingArguments, connection, releasever } from './source';
import type { AvocadoSource, Connection } from './source';
import { connectionSteps, prefixSteps } from './steps';
import type { Step } from './steps';

/** One feed, for one machine target, as an avocado.yaml names it. */
export interface FeedAddress {
  machine: string;
  build: 'amd64' | 'arm64';
  source: AvocadoSource;
  /** Id of the pinned snapshot. */
  snapshot?: string | undefined;
  /** The SDK image by digest. */
  image: string;
  /** Absolute path of the avocado.yaml: the feed's authority is relative to it. */
  configFile: string;
}

/** A scratch prefix and work directory, and the steps that every use of dnf begins with. */
export interface Prepared {
  image: SdkRoot;
  paths: FeedPaths;
  connection: Connection;
  dnf: DnfOptions;
  /** On the host. */
  work: string;
  mounts: Mount[];
  /** Until dnf can reach the SDK image's own repository. */
  reach: Step[];
}

export async function withFeed<T>(
  address: FeedAddress,
  context: FeedContext,
  use: (prepared: Prepared) => Promise<T>,
): Promise<T> {
  const reached = connection(address.source);
  const image = await context.images.open(address.image);
  const paths = feedPaths(address.machine, address.build);
  return withTemporaryDirectory(storePath('work'), async (scratch) => {
    const [prefix, work] = [join(scratch, 'prefix'), join(scratch, 'work')];
    for (const directory of [prefix, work]) await mkdir(directory);
    await placeKeys(reached, dirname(address.configFile), work);
    return use({
      image,
      paths,
      connection: reached,
      work,
      mounts: [{ source: prefix, target: paths.prefix, writable: true }],
      dnf: {
        paths,
        releasever: releasever(address.source, address.snapshot),
        tls_verify: reached.tls_verify,
        more: choosingArguments(address.source),
      },
      reach: [...prefixSteps(paths), ...connectionSteps(paths, reached)],
    });
  });
}

/** Installs the package with the repositories; what it is goes to `transaction`. @param spec of dnf */
export function metadataStep({ dnf }: Prepared, spec: string, transaction?: string): Step {
  const call = { label: 'find the repositories', side: 'bootstrap', noscripts: true } as const;
  return dnfStep({ ...call, argv: ['-y', 'install', spec], ...(transaction !== undefined && { transaction }) }, dnf);
}

/** What dnf is asked for: the lock's version, else the request's (contract 1.10). */
export function dnfSpec(text: string, locked: (name: string) => string | undefined): string {
  const { name, version } = parseRequest(text);
  const pinned = locked(name) ?? version;
  return pinned === undefined ? name : `${name}-${pinned}`;
}
