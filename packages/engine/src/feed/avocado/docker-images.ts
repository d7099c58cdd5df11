import { AvocadoError } from '../../error';
import type { Reporter } from '../../report';
import { connect } from '../../sdk/docker/connect';
import type { Connection } from '../../sdk/docker/connect';
import { findEndpoint } from '../../sdk/docker/endpoint';
import { dockerFailure, statusOf } from '../../sdk/docker/failure';
import { registryAuth } from '../../sdk/docker/registry-auth';
import type { RegistryAuth } from '../../sdk/docker/registry-auth';
import type { SdkImages } from '../../sdk/types';
import type { MovingImages } from './moved-image';

interface Progress {
  id?: string;
  status?: string;
  error?: string;
}

/** SDK images of the Docker daemon. Nothing is connected before one is asked for. */
export function dockerImages({ reporter }: { reporter: Reporter }): SdkImages & Required<MovingImages> {
  let connection: Connection | undefined;
  const daemon = (): Connection => (connection ??= connect(findEndpoint()));
  const newest = async (name: string, found: Found | undefined): Promise<string | undefined> => {
    // Made on this machine: no registry has it, or what it has under that name is another one.
    if (found?.RepoDigests.length === 0) return found.Id;
    const digest = await registryDigest(daemon(), name);
    return digest === undefined ? undefined : `${repositoryOf(name)}@${digest}`;
  };
  return {
    newest: async (name) => newest(name, await inspect(daemon(), name)),
    pin: async (name) => {
      const found = await inspect(daemon(), name);
      // A name that the daemon knows may have moved since: the registry is asked, and the daemon where it cannot be.
      const now = await newest(name, found);
      if (now !== undefined) return now;
      if (found) return found.RepoDigests.find((pinned) => pinned.startsWith(`${repositoryOf(name)}@`)) ?? found.Id;
      throw new AvocadoError('SDK_IMAGE_UNKNOWN', `no registry and no daemon has the image ${name}`, {
        hint: 'Check sdk.image in avocado.yaml; docker login opens a private registry.',
      });
    },
    open: async (reference) => {
      const found = (await inspect(daemon(), reference)) ?? (await pull(daemon(), reference, reporter));
      return { digest: found.Id.replace('sha256:', ''), path: '', image: found.Id };
    },
  };
}

/** `docker.io/avocadolinux/sdk:2024-edge` without its tag. */
export function repositoryOf(name: string): string {
  const last = name.slice(name.lastIndexOf('/') + 1);
  return name.slice(0, name.length - last.length) + last.replace(/[:@].*$/, '');
}

interface Found {
  Id: string;
  RepoDigests: string[];
}

async function inspect({ docker, endpoint }: Connection, reference: string): Promise<Found | undefined> {
  try {
    const { Id, RepoDigests } = await docker.getImage(reference).inspect();
    return { Id, RepoDigests: RepoDigests ?? [] };
  } catch (error) {
    if (statusOf(error) === 404) return undefined;
    throw dockerFailure(error, endpoint, 'look for an image');
  }
}

function authOption(auth: RegistryAuth | undefined): { authconfig?: RegistryAuth } {
  return auth ? { authconfig: auth } : {};
}

async function registryDigest({ docker }: Connection, name: string): Promise<string | undefined> {
  try {
    const { Descriptor } = (await docker.getImage(name).distribution(authOption(await registryAuth(name)))) as {
      Descriptor: { digest: string };
    };
    return Descriptor.digest;
  } catch {
    return undefined;
  }
}

async function pull(connection: Connection, reference: string, reporter: Reporter): Promise<Found> {
  const { docker, endpoint } = connection;
  const step = reporter.step(`pull the SDK image ${reference}`);
  const layers = new Map<string, boolean>();
  try {
    const stream = await docker.pull(reference, authOption(await registryAuth(reference)));
    await new Promise<void>((resolve, reject) =>
      docker.modem.followProgress(
        stream,
        (error: Error | null) => (error ? reject(error) : resolve()),
        ({ id, status = '' }: Progress) => {
          if (id === undefined || id === reference) return;
          layers.set(id, /^(Pull complete|Already exists)$/.test(status));
          step.update(`${[...layers.values()].filter(Boolean).length} of ${layers.size} layers`);
        },
      ),
    );
  } catch (error) {
    throw dockerFailure(error, endpoint, `pull the SDK image ${reference}`);
  }
  step.done();
  const found = await inspect(connection, reference);
  if (found) return found;
  throw new AvocadoError('SDK_IMAGE_UNKNOWN', `the Docker daemon has no image ${reference} after it pulled it`);
}
