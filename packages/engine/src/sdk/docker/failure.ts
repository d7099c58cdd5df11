import { AvocadoError } from '../../error';
import { endpointAddress } from './endpoint';
import type { Endpoint } from './endpoint';

/** What dockerode throws: an error of the connection, or an answer of the daemon. */
interface Failure extends Error {
  code?: string;
  statusCode?: number;
  json?: { message?: string };
}

/** The daemon's own words, without the client's. */
export function daemonMessage(error: unknown): string {
  const { json, message } = error as Failure;
  return typeof json?.message === 'string' ? json.message : (message ?? String(error));
}

export function statusOf(error: unknown): number | undefined {
  return (error as Failure).statusCode;
}

/** Whether the connection broke or was refused, rather than the daemon having answered. */
export function isConnectionError(error: unknown): boolean {
  const { code, message } = error as Failure;
  return (
    /^(ECONN|EPIPE|ENOENT|ENOTFOUND|EHOSTUN|ETIMEDOUT|ERR_STREAM)/.test(code ?? '') || /socket hang up/.test(message)
  );
}

/**
 * An error of the daemon, or of the way to it, in our terms: what is wrong, and what to do.
 * @param doing for what: `start a container for cargo build of app`
 */
export function dockerFailure(error: unknown, endpoint: Endpoint, doing: string): AvocadoError {
  if (error instanceof AvocadoError) return error;
  const at = `${endpointAddress(endpoint)} (${endpoint.from})`;
  const said = daemonMessage(error);
  const { code } = error as Failure;
  const make = (name: string, message: string, hint: string): AvocadoError =>
    new AvocadoError(name, message, { hint, output: said, cause: error });
  if (code === 'EACCES' || code === 'EPERM') {
    return make(
      'DOCKER_PERMISSION_DENIED',
      `this user may not use the Docker daemon at ${at}`,
      'Join its group (sudo usermod -aG docker $USER, then log in again), or run Docker rootless, or Podman.',
    );
  }
  if (isConnectionError(error)) {
    return make(
      'DOCKER_UNREACHABLE',
      `no Docker daemon answers at ${at}`,
      endpoint.kind === 'socket'
        ? 'Start it (systemctl start docker, or Docker Desktop), install it, or name another by DOCKER_HOST or docker context use. The runner sandbox needs none.'
        : 'Check the address, and that the daemon listens there; docker version shows whether Docker itself reaches it.',
    );
  }
  if (/no space left on device|disk quota exceeded/i.test(said)) {
    return make('DISK_FULL', `the Docker daemon has no space left, and cannot ${doing}`, spaceHint);
  }
  if (/(exec format error|no matching manifest|does not match the (specified|detected))/i.test(said)) {
    return make('DOCKER_PLATFORM', `the image is not for the daemon's processor: cannot ${doing}`, platformHint);
  }
  if (/(pull access denied|unauthorized|authentication required|no basic auth credentials)/i.test(said)) {
    return make(
      'DOCKER_REGISTRY_DENIED',
      `the registry does not let the Docker daemon in: cannot ${doing}`,
      'docker login <registry> as this user; what it keeps is handed to the daemon. Or the name of the image is wrong.',
    );
  }
  if (/bind source path does not exist|statfs .*: no such file/.test(said)) {
    return make(
      'DOCKER_FILES_UNSEEN',
      `the Docker daemon at ${at} does not see the files of this machine, and cannot ${doing}`,
      "Files of a task are sent there; paths in container_args are the daemon's own machine's.",
    );
  }
  const device = /error gathering device information.*"([^"]+)"/.exec(said)?.[1];
  if (device !== undefined) {
    return make(
      'DOCKER_DEVICE_MISSING',
      `the Docker daemon's machine has no ${device}: cannot ${doing}`,
      "A container sees the devices of the daemon's machine; --device in container_args names one that is there.",
    );
  }
  if (/(address already in use|port is already allocated)/i.test(said)) {
    return make('DOCKER_PORT_IN_USE', `a port is in use: cannot ${doing}`, 'End what uses it, or choose another port.');
  }
  return make('DOCKER_FAILED', `the Docker daemon could not ${doing}`, 'docker info tells about its state.');
}

export const platformHint =
  'Use an image of this architecture, or install emulation for the other (docker run --privileged --rm tonistiigi/binfmt --install all).';

const spaceHint = 'docker system df shows what fills it, docker system prune removes what nothing uses.';
