import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { AvocadoError } from '../../error';

/** Files of a client certificate, PEM. */
export interface TlsFiles {
  ca?: string;
  cert?: string;
  key?: string;
}

/** Where a daemon listens, and who said so. */
export type Endpoint = { from: string } & (
  | { kind: 'socket'; path: string }
  | { kind: 'tcp'; host: string; port: number; tls?: TlsFiles }
  /** `user@host` or `host`, as ssh's own configuration knows it. */
  | { kind: 'ssh'; destination: string; port?: number; path?: string }
);

/** What of this machine decides it. */
export interface EndpointSources {
  env: NodeJS.ProcessEnv;
  home: string;
  platform: NodeJS.Platform;
  exists(path: string): boolean;
  read(path: string): string | undefined;
}

const machine: EndpointSources = {
  env: process.env,
  home: homedir(),
  platform: process.platform,
  exists: existsSync,
  read: (path) => (existsSync(path) ? readFileSync(path, 'utf8') : undefined),
};

/**
 * The daemon that Docker's own programs would use: `DOCKER_HOST`, then the context of `DOCKER_CONTEXT` or of Docker's
 * configuration, then the first socket that is there: Docker's, a rootless Docker's, Docker Desktop's, Podman's.
 * @throws AvocadoError `DOCKER_HOST_INVALID`, `DOCKER_CONTEXT_MISSING`
 */
export function findEndpoint(sources: EndpointSources = machine): Endpoint {
  const { env, home } = sources;
  const { DOCKER_HOST, DOCKER_CONTEXT } = env;
  const directory = env['DOCKER_CONFIG'] ?? join(home, '.docker');
  if (DOCKER_HOST) {
    const certificates = env['DOCKER_CERT_PATH'] ?? directory;
    const tls = env['DOCKER_TLS_VERIFY'] ? certificateFiles(certificates, sources) : undefined;
    return parseEndpoint(DOCKER_HOST, 'DOCKER_HOST', tls);
  }
  const context = DOCKER_CONTEXT || currentContext(join(directory, 'config.json'), sources);
  if (context && context !== 'default') return contextEndpoint(context, directory, sources);
  const candidates = sockets(sources);
  const path = candidates.find((candidate) => sources.exists(candidate)) ?? candidates[0] ?? '';
  return { kind: 'socket', path, from: 'the default socket' };
}

/** `unix:///var/run/docker.sock`, `tcp://host:2375`, `ssh://user@host`, `npipe:////./pipe/docker_engine` */
export function parseEndpoint(text: string, from: string, tls?: TlsFiles): Endpoint {
  const plain = /^(unix|npipe):\/\/(.*)$/.exec(text);
  if (plain) return { kind: 'socket', path: plain[2] || '/var/run/docker.sock', from };
  const url = parseUrl(/:\/\//.test(text) ? text : `tcp://${text}`);
  if (url?.protocol === 'ssh:' && url.hostname !== '') {
    const user = url.username === '' ? '' : `${decodeURIComponent(url.username)}@`;
    return {
      ...{ kind: 'ssh', destination: `${user}${url.hostname}`, from },
      ...(url.port !== '' && { port: Number(url.port) }),
      ...(url.pathname.length > 1 && { path: url.pathname }),
    };
  }
  if (url && ['tcp:', 'http:', 'https:'].includes(url.protocol) && url.hostname !== '') {
    const secure = tls ?? (url.protocol === 'https:' ? {} : undefined);
    const port = Number(url.port || (secure ? 2376 : 2375));
    return { kind: 'tcp', host: url.hostname.replace(/^\[|\]$/g, ''), port, from, ...(secure && { tls: secure }) };
  }
  throw new AvocadoError('DOCKER_HOST_INVALID', `${from}: ${JSON.stringify(text)} is no address of a Docker daemon`, {
    hint: 'Write unix:///path/to/docker.sock, tcp://host:port or ssh://user@host.',
  });
}

/** As `DOCKER_HOST` has it, for messages. */
export function endpointAddress(endpoint: Endpoint): string {
  if (endpoint.kind === 'socket') return `unix://${endpoint.path}`;
  if (endpoint.kind === 'tcp') return `tcp://${endpoint.host}:${endpoint.port}`;
  return `ssh://${endpoint.destination}${endpoint.port === undefined ? '' : `:${endpoint.port}`}${endpoint.path ?? ''}`;
}

function currentContext(file: string, { read }: EndpointSources): string | undefined {
  try {
    const { currentContext: name } = JSON.parse(read(file) ?? '{}') as { currentContext?: unknown };
    return typeof name === 'string' ? name : undefined;
  } catch {
    // Docker's own programs warn of a damaged file, and go on.
    return undefined;
  }
}

/** Docker keeps a context in directories named by the sha256 of its name. */
function contextEndpoint(name: string, directory: string, sources: EndpointSources): Endpoint {
  const id = createHash('sha256').update(name).digest('hex');
  const text = sources.read(join(directory, 'contexts/meta', id, 'meta.json'));
  const meta = JSON.parse(text ?? '{}') as { Endpoints?: { docker?: { Host?: string } } };
  const host = meta.Endpoints?.docker?.Host;
  if (!host) {
    throw new AvocadoError('DOCKER_CONTEXT_MISSING', `the Docker context ${name} does not exist`, {
      hint: 'docker context ls shows those that do; docker context use chooses one; DOCKER_CONTEXT goes before.',
    });
  }
  const tls = certificateFiles(join(directory, 'contexts/tls', id, 'docker'), sources);
  return parseEndpoint(host, `context ${name}`, Object.keys(tls).length > 0 ? tls : undefined);
}

function certificateFiles(directory: string, { exists }: EndpointSources): TlsFiles {
  const names = (['ca', 'cert', 'key'] as const).filter((name) => exists(join(directory, `${name}.pem`)));
  return Object.fromEntries(names.map((name) => [name, join(directory, `${name}.pem`)]));
}

function sockets({ env, home, platform }: EndpointSources): string[] {
  if (platform === 'win32') return ['//./pipe/docker_engine', '//./pipe/podman-machine-default'];
  const runtime = env['XDG_RUNTIME_DIR'];
  return [
    '/var/run/docker.sock',
    ...(runtime ? [join(runtime, 'docker.sock')] : []),
    ...[join(home, '.docker/run/docker.sock'), join(home, '.docker/desktop/docker.sock')],
    ...(runtime ? [join(runtime, 'podman/podman.sock')] : []),
    '/run/podman/podman.sock',
  ];
}

function parseUrl(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}
