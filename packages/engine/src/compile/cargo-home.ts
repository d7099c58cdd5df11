import { existsSync } from 'node:fs';
import { mkdir, open, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'smol-toml';
import { buildConfig, fetchConfig, fetchVariables, readToml } from '../rust';
import type { TomlTable } from '../rust';
import type { Mount } from '../sdk';
import { storePath, use } from '../store';

/** CARGO_HOME in the SDK: fetched packages in the store, and how the user reaches a registry. */
export interface CargoHome {
  /** For fetching: writable, with the user's tokens. */
  fetch: Mount[];
  /** For building: read-only, without secrets. */
  build: Mount[];
  /** For fetching, beside the configuration: the user's own variables, tokens among them. */
  variables: Record<string, string>;
  /** Lists the names of the directories that hold fetched packages. They need not be on this machine. */
  list: string[];
}

/**
 * @param target path of CARGO_HOME inside the SDK
 * @param scratch directory of the caller's for the configuration files
 */
export async function openCargoHome(
  target: string,
  scratch: string,
  env: NodeJS.ProcessEnv = process.env,
): Promise<CargoHome> {
  const home = storePath('work', 'cargo');
  await use('work', 'cargo');
  const user = env['CARGO_HOME'] ?? join(env['HOME'] ?? homedir(), '.cargo');
  const config = readToml(join(user, 'config.toml')) ?? readToml(join(user, 'config')) ?? {};
  await mkdir(scratch, { recursive: true });
  await mkdir(home, { recursive: true });
  const credentials = ['credentials.toml', 'credentials']
    .map((name) => join(user, name))
    .find((path) => existsSync(path));
  // Mount points: bubblewrap would make them as well, but not in a read-only directory.
  for (const name of ['config.toml', 'credentials.toml']) await (await open(join(home, name), 'a')).close();
  const mount = async (name: string, content: TomlTable): Promise<Mount> => {
    const source = join(scratch, name);
    await writeFile(source, stringify(content), { mode: 0o600 });
    return { source, target: `${target}/config.toml` };
  };
  const state = { results: [] };
  const depth = ['-mindepth', '3', '-maxdepth', '3'];
  return {
    fetch: [
      { source: home, target, writable: true, state },
      await mount('cargo-fetch.toml', fetchConfig(config)),
      ...(credentials === undefined ? [] : [{ source: credentials, target: `${target}/credentials.toml` }]),
    ],
    build: [{ source: home, target, state }, await mount('cargo-build.toml', buildConfig(config))],
    variables: fetchVariables(env),
    list: ['find', target, ...depth, '-path', `${target}/registry/src/*`, '-printf', '%f\\n'],
  };
}
