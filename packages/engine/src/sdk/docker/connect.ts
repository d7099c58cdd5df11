import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import type Docker from 'dockerode';
import type { SdkHost } from '../types';
import { endpointAddress } from './endpoint';
import type { Endpoint, TlsFiles } from './endpoint';
import { dockerFailure } from './failure';
import { sshAgent } from './ssh-agent';

/** The daemon, as far as it matters here. */
export interface DaemonFacts extends SdkHost {
  /** Root in a container is the user who runs the daemon: a rootless Docker or Podman. */
  rootless: boolean;
  /** Its files are taken for another machine's without a try: see {@link isApart}. */
  apart: boolean;
  /** Milliseconds that its clock is ahead of ours. */
  clock: number;
}

/** As much of the daemon's answer as is read. */
export interface DaemonInfo {
  Architecture?: string;
  SecurityOptions?: string[];
  Name?: string;
  KernelVersion?: string;
  OperatingSystem?: string;
  SystemTime?: string;
  /** Podman alone. */
  BuildahVersion?: string;
}

/**
 * Docker Desktop reaches this machine's files through a virtual machine, slowly. Podman makes a directory that is not
 * there, empty, where Docker refuses to bind it: trying tells nothing, only its address does.
 */
export function isApart(info: DaemonInfo, endpoint: Endpoint, platform: NodeJS.Platform = process.platform): boolean {
  if (info.OperatingSystem === 'Docker Desktop') return true;
  return info.BuildahVersion !== undefined && (endpoint.kind !== 'socket' || platform !== 'linux');
}

/** Of architectures, by `uname -m`. */
const nodeNames: Readonly<Record<string, string>> = { x86_64: 'x64', amd64: 'x64', aarch64: 'arm64' };

/** A processor as Node names it, from the kernel's name, which a daemon gives, or Go's, which an image has. */
export const processorOf = (name: string = ''): string => nodeNames[name] ?? name;

/** By the daemon's address alone; behind a socket or a port of this machine's loopback is what shares its ports. */
export function elsewhere(endpoint: Endpoint): Pick<SdkHost, 'elsewhere'> {
  if (endpoint.kind === 'socket') return {};
  const reached = endpoint.kind === 'ssh' ? endpoint.destination : endpoint.host;
  const host = reached.replace(/^.*@/, '');
  return /^(localhost|127\.[\d.]+|::1)$/.test(host) ? {} : { elsewhere: reached };
}

export interface Connection {
  docker: Docker;
  endpoint: Endpoint;
  facts(): Promise<DaemonFacts>;
}

/** dockerode takes a tenth of a second to load: it is loaded by who connects. */
const load = (): typeof Docker => createRequire(__filename)('dockerode') as typeof Docker;

/** A client for the daemon. Nothing is sent yet. */
export function connect(endpoint: Endpoint): Connection {
  const docker = new (load())(options(endpoint));
  let facts: Promise<DaemonFacts> | undefined;
  const ask = async (): Promise<DaemonFacts> => {
    const asked = Date.now();
    const info = (await docker.info().catch((error: unknown) => {
      throw dockerFailure(error, endpoint, 'tell about itself');
    })) as DaemonInfo;
    const clock = Date.parse(info.SystemTime ?? '') - (asked + Date.now()) / 2;
    return {
      architecture: processorOf(info.Architecture),
      kernel: info.KernelVersion ?? '',
      ...elsewhere(endpoint),
      rootless: (info.SecurityOptions ?? []).some((option) => option.includes('name=rootless')),
      name: info.Name ?? endpointAddress(endpoint),
      apart: isApart(info, endpoint),
      clock: Number.isNaN(clock) ? 0 : clock,
    };
  };
  return { docker, endpoint, facts: () => (facts ??= ask()) };
}

/** Everything is said, so that dockerode does not look at the environment a second time. */
function options(endpoint: Endpoint): Docker.DockerOptions {
  if (endpoint.kind === 'socket') return { socketPath: endpoint.path, host: '' };
  if (endpoint.kind === 'ssh')
    return { protocol: 'http', host: 'docker', port: 80, agent: sshAgent(endpoint) } as object;
  const { host, port, tls } = endpoint;
  return { host, port, protocol: tls ? 'https' : 'http', ...(tls && certificates(tls)) };
}

function certificates(files: TlsFiles): Record<string, Buffer> {
  return Object.fromEntries(Object.entries(files).map(([name, path]) => [name, readFileSync(path as string)]));
}
