import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AvocadoError } from '../../error';
import { workDirectory } from './layout';
import { runSteps } from './run';
import type { FeedContext } from './run';
import { loginFile, trusted } from './steps';
import type { Step } from './steps';
import type { Mount, SdkRoot } from '../../sdk/types';
import type { AvocadoSource, Connection } from './source';

/** `repo-snapshot` of upstream's lock. */
export interface RepoSnapshot {
  release: string;
  channel: string;
  /** The part of every address that freezes the feed: `{release}/{channel}/snapshots/<snapshot>`. */
  snapshot: string;
  /** The feed's address when it was pinned, without credentials; only for people. */
  repo_url?: string;
  created?: string;
}

/** Whether the lock's snapshot is of the feed that avocado.yaml names (contract 1.10). */
export function snapshotFits(pin: RepoSnapshot | undefined, { release, channel, releasever }: AvocadoSource): boolean {
  return releasever === undefined && pin?.release === release && pin?.channel === channel;
}

/** Path of the document that names the newest snapshot. */
export function pointerPath(machine: string, { release, channel }: AvocadoSource): string {
  return `${release}/${channel}/target/${machine.replace(/^avocado-/, '')}/snapshots-latest.json`;
}

interface Look {
  machine: string;
  source: AvocadoSource;
  connection: Connection;
  image: SdkRoot;
  /** An empty directory on the host, with the feed's authority in it. */
  work: string;
  mounts: Mount[];
  /** Steps that make `trusted`. */
  before: Step[];
}

/**
 * The feed's newest snapshot, or undefined where the feed has none, or where avocado.yaml chooses `releasever` itself.
 * @throws AvocadoError `FEED_UNREACHABLE`, `FEED_UNTRUSTED`, `SNAPSHOT_INVALID`
 */
export async function latestSnapshot(look: Look, context: FeedContext): Promise<RepoSnapshot | undefined> {
  const { source, connection, work, image } = look;
  const { release, channel } = source;
  if (source.releasever !== undefined || release === undefined || channel === undefined) return undefined;
  const path = pointerPath(look.machine, source);
  const get: Step = {
    kind: 'get',
    url: `${connection.url}/${path}`,
    to: `${workDirectory}/snapshot.json`,
    trusted,
    login: `${workDirectory}/${loginFile}`,
    tls_verify: connection.tls_verify,
  };
  await runSteps(
    {
      label: "ask for the feed's snapshot",
      image,
      work,
      steps: [...look.before, get],
      mounts: look.mounts,
      network: true,
    },
    context,
  );
  const text = await readFile(join(work, 'snapshot.json'), 'utf8').catch(() => undefined);
  return text === undefined ? undefined : { release, channel, ...parsePointer(text, path) };
}

/** The document's fields. The id becomes part of addresses, so it may hold nothing that leads elsewhere. */
export function parsePointer(text: string, path: string): { snapshot: string; created?: string } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  const { id, created } = (value ?? {}) as { id?: unknown; created?: unknown };
  if (typeof id !== 'string' || !/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/.test(id)) {
    throw new AvocadoError('SNAPSHOT_INVALID', `the feed's ${path} names no snapshot`, {
      hint: 'It is a mistake of the feed. Until it is corrected, choose distro.repo.releasever yourself.',
    });
  }
  return { snapshot: id, ...(typeof created === 'string' && { created }) };
}
