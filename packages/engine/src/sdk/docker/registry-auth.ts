import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { AvocadoError } from '../../error';

/** As the daemon wants it with a pull. */
export interface RegistryAuth {
  serveraddress: string;
  username?: string;
  password?: string;
  identitytoken?: string;
}

interface DockerConfig {
  auths?: Record<string, { auth?: string; identitytoken?: string }>;
  /** Program `docker-credential-<name>` for all registries, or for one. */
  credsStore?: string;
  credHelpers?: Record<string, string>;
}

/** `docker.io` for `avocadolinux/sdk`; `localhost:5000` for `localhost:5000/sdk:1`. */
export function registryOf(reference: string): string {
  const [first = '', rest] = reference.split('/', 2);
  return rest !== undefined && (/[.:]/.test(first) || first === 'localhost') ? first : 'docker.io';
}

/**
 * What `docker login` keeps for an image's registry: in Docker's configuration, or with a credential helper. The daemon
 * has none of it: whoever asks it to pull hands it over.
 * @returns undefined for a registry that nobody logged in to
 */
export async function registryAuth(
  reference: string,
  env: NodeJS.ProcessEnv = process.env,
): Promise<RegistryAuth | undefined> {
  const config = readConfig(join(env['DOCKER_CONFIG'] ?? join(env['HOME'] ?? homedir(), '.docker'), 'config.json'));
  const registry = registryOf(reference);
  // Docker's own registry is kept under its first address.
  const serveraddress = registry === 'docker.io' ? 'https://index.docker.io/v1/' : registry;
  const helper = config.credHelpers?.[registry] ?? config.credsStore;
  if (helper !== undefined) return askHelper(helper, serveraddress, env);
  const names = [serveraddress, `https://${registry}`, `https://${registry}/v1/`, `https://${registry}/v2/`];
  const found = names.map((name) => config.auths?.[name]).find((entry) => entry !== undefined);
  if (!found) return undefined;
  if (found.identitytoken) return { serveraddress, identitytoken: found.identitytoken };
  const text = Buffer.from(found.auth ?? '', 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon < 0 ? undefined : { serveraddress, username: text.slice(0, colon), password: text.slice(colon + 1) };
}

function readConfig(file: string): DockerConfig {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as DockerConfig;
  } catch {
    return {};
  }
}

/** The protocol of Docker's credential helpers: the registry on standard input, JSON on standard output. */
async function askHelper(
  name: string,
  serveraddress: string,
  env: NodeJS.ProcessEnv,
): Promise<RegistryAuth | undefined> {
  const program = `docker-credential-${name}`;
  const child = spawn(program, ['get'], { stdio: ['pipe', 'pipe', 'ignore'], env });
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  child.stdin.on('error', () => undefined);
  child.stdin.end(serveraddress);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', (cause) =>
      reject(
        new AvocadoError('DOCKER_CREDENTIALS_FAILED', `Docker's configuration names ${program}, which cannot be run`, {
          hint: 'Install it, or take credsStore out of ~/.docker/config.json and docker login again.',
          cause,
        }),
      ),
    );
    child.once('close', resolve);
  });
  // It has nothing for this registry: a public one needs nothing.
  if (code !== 0) return undefined;
  const { Username, Secret } = JSON.parse(said) as { Username: string; Secret: string };
  return Username === '<token>'
    ? { serveraddress, identitytoken: Secret }
    : { serveraddress, username: Username, password: Secret };
}
