import type { AvocadoConfig } from '../../config/types';
import { AvocadoError } from '../../error';

/** Where the packages of an avocado.yaml come from, as the file says it: part of a task's key. */
export interface AvocadoSource {
  /** `sdk.image` */
  image: string;
  release?: string;
  channel?: string;
  /** Set where the file, or AVOCADO_RELEASEVER, chooses it instead of release and channel: then no snapshot is pinned. */
  releasever?: string;
  /** `distro.repo.url` */
  url?: string;
  /** PEM file relative to the avocado.yaml, or absolute. */
  ca?: string;
  tls_verify: boolean;
  weak_dependencies: boolean;
  /** More arguments of dnf: AVOCADO_DNF_ARGS. */
  dnf_args?: string[];
}

const defaultUrl = 'https://repo.avocadolinux.org';

/** Names of environment variables that say how a machine reaches the feed: never part of a key or of the lock. */
export const connectionVariables = [
  'AVOCADO_REPO_URL',
  'AVOCADO_SDK_REPO_URL',
  'AVOCADO_REPO_CA',
  'AVOCADO_REPO_INSECURE',
] as const;

/** @throws AvocadoError `SDK_IMAGE_MISSING`, `FEED_RELEASE_MISSING`, `DNF_ARGS_SECRET` */
export function avocadoSource({ file, sdk, distro }: AvocadoConfig): AvocadoSource {
  if (sdk.image === undefined) {
    throw new AvocadoError('SDK_IMAGE_MISSING', 'the avocado feed needs sdk.image', {
      position: { file },
      hint: 'Name it in avocado.yaml: sdk: { image: docker.io/avocadolinux/sdk:2024-edge }',
    });
  }
  const { release, channel, repo } = distro;
  const derived = release !== undefined && channel !== undefined ? `${release}/${channel}` : undefined;
  if (repo.releasever === undefined) {
    throw new AvocadoError('FEED_RELEASE_MISSING', 'the avocado feed needs distro.release and distro.channel', {
      position: { file },
      hint: 'Write for instance distro: { release: 2024, channel: edge }',
    });
  }
  return {
    image: sdk.image,
    ...(release !== undefined && { release }),
    ...(channel !== undefined && { channel }),
    ...(repo.releasever !== derived && { releasever: repo.releasever }),
    ...(repo.url !== undefined && { url: repo.url }),
    ...(repo.ca !== undefined && { ca: repo.ca }),
    tls_verify: repo.tls_verify,
    weak_dependencies: !sdk.disable_weak_dependencies,
    ...(sdk.dnf_args && { dnf_args: withoutSecrets(sdk.dnf_args) }),
  };
}

/** They stand in task options and in the lock, for everybody to read. */
function withoutSecrets(args: string[]): string[] {
  if (!args.some((arg) => /password|username|:\/\/[^/]*@/i.test(arg))) return args;
  throw new AvocadoError('DNF_ARGS_SECRET', 'AVOCADO_DNF_ARGS holds a login', {
    hint: "It becomes part of the lock. Give the feed's login in AVOCADO_REPO_URL; see docs/feeds.md.",
  });
}

/** Arguments of dnf that may change what it chooses: the lock keeps them with what was chosen. */
export function choosingArguments({ weak_dependencies, dnf_args = [] }: AvocadoSource): string[] {
  return [...(weak_dependencies ? [] : ['--setopt=install_weak_deps=0']), ...dnf_args];
}

/** How this machine reaches the feed. */
export interface Connection {
  /** Without credentials, and without a slash at its end. */
  url: string;
  /** What the address held beside: never in an argument, a log or an output. */
  login?: { username: string; password: string };
  ca?: string;
  tls_verify: boolean;
}

/** Environment variables win over the file, in upstream's order (contract 1.2). */
export function connection(source: AvocadoSource, env: NodeJS.ProcessEnv = process.env): Connection {
  const url = env['AVOCADO_REPO_URL'] || env['AVOCADO_SDK_REPO_URL'] || source.url || defaultUrl;
  const ca = env['AVOCADO_REPO_CA'] || source.ca;
  const insecure = ['1', 'true', 'yes'].includes((env['AVOCADO_REPO_INSECURE'] ?? '').toLowerCase());
  return { ...splitLogin(url), tls_verify: insecure ? false : source.tls_verify, ...(ca && { ca }) };
}

/** @throws AvocadoError `FEED_URL_INVALID` */
function splitLogin(text: string): Pick<Connection, 'url' | 'login'> {
  if (!URL.canParse(text)) {
    throw new AvocadoError('FEED_URL_INVALID', 'the address of the feed is no URL', {
      hint: 'It is distro.repo.url of avocado.yaml, or AVOCADO_REPO_URL: https://host/path.',
    });
  }
  const { username, password } = new URL(text);
  const url = text.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/]*@/i, '$1').replace(/\/+$/, '');
  if (username === '') return { url };
  return { url, login: { username: decodeURIComponent(username), password: decodeURIComponent(password) } };
}

/** dnf's `$releasever`: the middle of every repository's address. */
export function releasever(source: AvocadoSource, snapshot: string | undefined): string {
  if (source.releasever !== undefined) return source.releasever;
  const head = `${source.release}/${source.channel}`;
  return snapshot === undefined ? head : `${head}/snapshots/${snapshot}`;
}
