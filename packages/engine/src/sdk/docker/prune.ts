import { probeDocker } from '../probe-docker';
import { connect } from './connect';
import type { Connection } from './connect';
import { storeLabel, volumeName } from './depot';
import { findEndpoint } from './endpoint';
import { dockerFailure, statusOf } from './failure';
import { rootLabel } from './root-image';

/** Something that the Docker daemon keeps for this machine, and no container uses now. */
export interface DockerUsage {
  /** For a person: `Docker image nx-avocado/root:<digest>`, `Docker volume nx-avocado-<host>`. */
  name: string;
  /** 0 where the daemon does not know. */
  bytes: number;
  /**
   * All of it can be made again; the next build sends it anew.
   * @throws AvocadoError of the daemon, as where a container has come to use it meanwhile
   */
  remove(): Promise<void>;
}

/** What a daemon keeps that can go: images of SDK roots, and this machine's volume. Nothing where no daemon answers. */
export async function dockerUsage(): Promise<DockerUsage[]> {
  if (await probeDocker()) return [];
  const connection = connect(findEndpoint());
  try {
    const used = await inUse(connection);
    const found = [...(await images(connection)), ...(await volumes(connection))];
    return found.filter(({ id }) => !used.has(id)).map(({ id: _id, ...usage }) => usage);
  } catch (error) {
    throw dockerFailure(error, connection.endpoint, 'tell what it keeps');
  }
}

type Found = DockerUsage & { id: string };

/** Ids of images and names of volumes that a container has, also one that has ended. */
async function inUse({ docker }: Connection): Promise<Set<string>> {
  const containers = await docker.listContainers({ all: true });
  return new Set(containers.flatMap(({ ImageID, Mounts }) => [ImageID, ...Mounts.map(({ Name = '' }) => Name)]));
}

async function images(connection: Connection): Promise<Found[]> {
  const { docker } = connection;
  const list = await docker.listImages({ filters: { label: [rootLabel] } });
  return list.map(({ Id, RepoTags, Size }) => {
    // An import that was interrupted has none, which older daemons write so.
    const tags = (RepoTags ?? []).filter((tag) => tag !== '<none>:<none>');
    const names = tags.length > 0 ? tags : [Id];
    return {
      ...{ id: Id, name: `Docker image ${names[0]}`, bytes: Size },
      remove: () =>
        gone(connection, names[0] ?? Id, async () => {
          for (const name of names) await docker.getImage(name).remove();
        }),
    };
  });
}

/** Those of other machines that use the same daemon are theirs. */
async function volumes(connection: Connection): Promise<Found[]> {
  const { docker } = connection;
  const { Volumes } = await docker.listVolumes({ filters: { label: [storeLabel], name: [volumeName()] } });
  // The filter takes a part of a name, too.
  const own = (Volumes ?? []).filter(({ Name }) => Name === volumeName());
  const sizes = own.length > 0 ? await volumeSizes(connection) : new Map<string, number>();
  return own.map(({ Name }) => ({
    ...{ id: Name, name: `Docker volume ${Name}`, bytes: sizes.get(Name) ?? 0 },
    remove: () => gone(connection, Name, () => docker.getVolume(Name).remove()),
  }));
}

interface VolumeSize {
  Name: string;
  UsageData?: { Size: number } | null;
}

/** Bytes by name. The client knows neither of the two parameters; daemons that do not, either, count everything. */
async function volumeSizes({ docker }: Connection): Promise<Map<string, number>> {
  const df = await new Promise<{ Volumes?: VolumeSize[] | null; VolumeUsage?: { Items?: VolumeSize[] } }>(
    (resolve, reject) =>
      docker.modem.dial(
        {
          path: '/system/df?',
          method: 'GET',
          options: { type: 'volume', verbose: true },
          statusCodes: { 200: true, 500: 'server error' },
        },
        (error: unknown, answer: unknown) => (error ? reject(error as Error) : resolve(answer as object)),
      ),
  );
  // The second from Docker 29 on (API 1.52).
  const list = df.Volumes ?? df.VolumeUsage?.Items ?? [];
  return new Map(list.map(({ Name, UsageData }) => [Name, Math.max(0, UsageData?.Size ?? 0)]));
}

/** Whoever else removed it first did the same work. */
async function gone({ endpoint }: Connection, name: string, remove: () => Promise<unknown>): Promise<void> {
  await remove().catch((error: unknown) => {
    if (statusOf(error) !== 404) throw dockerFailure(error, endpoint, `remove ${name}`);
  });
}
