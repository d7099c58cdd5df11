import type { PostTasksExecution, PreTasksExecution } from '@nx/devkit';
import { limits } from './limits';
import type * as relayModule from './relay';

const names = {
  url: 'NX_SELF_HOSTED_REMOTE_CACHE_SERVER',
  token: 'NX_SELF_HOSTED_REMOTE_CACHE_ACCESS_TOKEN',
  /** The relay's own address once more: by it a run inside a task of another one knows that there is one already. */
  relay: 'NX_AVOCADO_REMOTE_CACHE_RELAY',
  /** Set where the relay has no terminal, which is under Nx's daemon. */
  silent: 'NX_AVOCADO_REMOTE_CACHE_SILENT',
} as const;

/** By Nx's id of the run: its daemon has one process of this plugin for all of them. */
const relays = new Map<string, relayModule.Relay>();

/** Puts the relay before the remote cache that the environment names. Nx hands what is set here on to the run. */
const start: PreTasksExecution = async (_options, { id }) => {
  const url = process.env[names.url];
  if (!url) return;
  // Another run's relay, in the same process: Nx leaves there what was set for that run.
  const other = [...relays.values()].find(({ address }) => address.url === url);
  if (!other && process.env[names.relay] === url) return;
  // It brings a HTTP client. `import` would need a file name, which is not the same from source and from dist.
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  const { Relay } = require('./relay') as typeof relayModule;
  const token = process.env[names.token];
  const upstream = other?.behind ?? { url, ...(token !== undefined && { token }) };
  const warn = (line: string): void => void process.stderr.write(`warning: ${line}\n`);
  const relay = await Relay.start(upstream, limits(), warn);
  relays.set(id, relay);
  process.env[names.url] = process.env[names.relay] = relay.address.url;
  process.env[names.token] = relay.address.token;
  if (process.env['NX_DAEMON_PROCESS'] === 'true') process.env[names.silent] = 'true';
  exceptLoopback();
};

const stop: PostTasksExecution = async (_options, { id }) => {
  const relay = relays.get(id);
  if (!relay) return;
  relays.delete(id);
  await relay.stop();
  if (relays.size > 0) return;
  const { url, token } = relay.behind;
  process.env[names.url] = url;
  if (token === undefined) delete process.env[names.token];
  else process.env[names.token] = token;
  delete process.env[names.relay];
};

/** Nx asks the proxy for an address on loopback too. */
function exceptLoopback(): void {
  if (!['HTTP_PROXY', 'http_proxy', 'ALL_PROXY', 'all_proxy'].some((name) => process.env[name])) return;
  const names = ['NO_PROXY', 'no_proxy'];
  for (const name of names) {
    const list = process.env[name] ?? process.env[names.find((other) => process.env[other]) ?? name];
    process.env[name] = [...(list ? [list] : []), '127.0.0.1'].join(',');
  }
}

/**
 * The hooks of Nx, where the environment names a remote cache. Elsewhere there are none: for a plugin with hooks, Nx's
 * daemon starts a process in every run.
 */
export const hooks = process.env[names.url] ? { preTasksExecution: start, postTasksExecution: stop } : {};

/** For a task of the run: what the relay could not say itself, or that there is none. */
export async function relayWarnings(): Promise<string[]> {
  const url = process.env[names.url];
  if (!url) return [];
  if (process.env[names.relay] !== url) {
    const what = 'remote cache: Nx’s daemon was started without it, so whatever goes wrong with it stops the build.';
    return [`${what} Stop the daemon: npx nx daemon --stop [REMOTE_CACHE_UNGUARDED]`];
  }
  if (process.env[names.silent] !== 'true') return [];
  const headers = { authorization: `Bearer ${process.env[names.token] ?? ''}` };
  try {
    return (await (await fetch(`${url}/warnings`, { headers })).json()) as string[];
  } catch {
    // The run that it belonged to was ended.
    return [];
  }
}
