import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { AvocadoError } from '../../error';
import type { Mount, SdkRoot } from '../types';
import type { Connection } from './connect';
import { dockerFailure, statusOf } from './failure';
import { sendTar } from './tree-tar';
import type { TreeTar } from './tree-tar';

/** What a container is made of for a root: an image, and directories of this machine bound into it. */
export interface RootImage {
  /** Id or digest of the image; never a name that may move. */
  image: string;
  mounts: Mount[];
}

/** What a container has of its own; the root's own are never shown. */
const ownDirectories = new Set(['dev', 'proc', 'root', 'run', 'sys', 'tmp']);

/** Copied, not bound: the container engine writes files of its own into it, and commands have mount points there. */
const copied = 'etc';

/** What finds the images of roots. */
export const rootLabel = 'io.github.nx-avocado=root';

/** Raised when the image of a root changes, so that an older one is not used. */
const version = 1;

/**
 * A root as an image, made once for each daemon. Only its links, its /etc and its empty directories are in it, some
 * hundred kilobytes; /usr and the like are bound from the store, so that nothing of a gigabyte is copied.
 * @param whole everything is in the image: for a daemon that does not see the store
 */
export async function rootImage(root: SdkRoot, { docker, endpoint }: Connection, whole = false): Promise<RootImage> {
  if (root.image !== undefined) return { image: root.image, mounts: [] };
  const mounts = whole ? [] : boundDirectories(root.path);
  const repository = 'nx-avocado/root';
  const tag = `${root.digest.slice(0, 32)}-${version}${whole ? '-whole' : ''}`;
  try {
    const { Id } = await docker.getImage(`${repository}:${tag}`).inspect();
    return { image: Id, mounts };
  } catch (error) {
    if (statusOf(error) !== 404) throw dockerFailure(error, endpoint, 'look for an image');
  }
  try {
    const changes = `LABEL ${rootLabel}`;
    const image = await sendTar(
      (tar) => fill(tar, root.path, whole),
      async (tar, abortSignal) => importedImage(docker.modem, await docker.importImage(tar, { changes, abortSignal })),
    );
    // Of its own: Podman gives what it imports no tag but "latest".
    await docker.getImage(image).tag({ repo: repository, tag });
    return { image, mounts };
  } catch (error) {
    throw dockerFailure(error, endpoint, `import the SDK's root`);
  }
}

interface Progress {
  status?: string;
  error?: string;
}

async function importedImage(modem: Connection['docker']['modem'], stream: NodeJS.ReadableStream): Promise<string> {
  const said = await new Promise<Progress[]>((resolve, reject) =>
    modem.followProgress(stream, (error: Error | null, output: Progress[]) =>
      error ? reject(error) : resolve(output),
    ),
  );
  const id = said.findLast(({ status }) => status?.startsWith('sha256:'))?.status;
  if (id === undefined) throw new AvocadoError('DOCKER_FAILED', 'the Docker daemon did not tell what it imported');
  return id;
}

/** Whole directories at the root's top that hold something. */
function boundDirectories(root: string): Mount[] {
  return readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name !== copied && !ownDirectories.has(entry.name))
    .filter(({ name }) => readdirSync(join(root, name)).length > 0)
    .map(({ name }) => ({ source: join(root, name), target: `/${name}` }))
    .sort((a, b) => (a.target < b.target ? -1 : 1));
}

/** A tar of what is not bound, or of everything. */
async function fill(tar: TreeTar, root: string, whole: boolean): Promise<void> {
  for (const name of readdirSync(root).sort()) {
    if (!ownDirectories.has(name)) await tar.add(join(root, name), name, whole || name === copied ? undefined : []);
  }
  for (const name of [...ownDirectories].sort()) await tar.directory(name, name === 'tmp' ? 0o1777 : 0o755);
  // Podman puts memory there, and cannot make what it is put on.
  if (whole && !existsSync(join(root, 'var/tmp'))) await tar.directory('var/tmp', 0o1777);
}
