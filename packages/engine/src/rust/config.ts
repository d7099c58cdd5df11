import { strings, table, text } from './toml';
import type { TomlTable } from './toml';

/** Where crates come from and how to reach it; nothing that changes how they are compiled. */
const fetchKeys = ['source', 'registry', 'registries', 'http', 'net', 'credential-alias', 'patch'];

/**
 * The part of a user's cargo configuration that fetching in the SDK honours: replaced registries, proxies,
 * certificates of a company, tokens. Linkers, wrappers, flags and directories of the host mean nothing in the SDK.
 */
export function fetchConfig(config: TomlTable): TomlTable {
  const kept = Object.fromEntries(Object.entries(config).filter(([key]) => fetchKeys.includes(key)));
  if ('http' in kept) {
    // A file of the host; the sandbox sets the bundle itself.
    kept['http'] = Object.fromEntries(Object.entries(table(kept['http'])).filter(([key]) => key !== 'cainfo'));
  }
  return kept;
}

/** The same without secrets: what a build, which has no network, may see. */
export function buildConfig(config: TomlTable): TomlTable {
  const source = config['source'];
  const registries = Object.fromEntries(
    Object.entries(table(config['registries'])).map(([name, registry]) => [name, { index: table(registry)['index'] }]),
  );
  return {
    ...(source !== undefined && { source }),
    ...(Object.keys(registries).length > 0 && { registries }),
  };
}

/**
 * The user's variables in the place of the same configuration: CARGO_HTTP_PROXY, CARGO_REGISTRIES_MINE_TOKEN. Without
 * those that name files or programs of the host.
 */
export function fetchVariables(env: NodeJS.ProcessEnv): Record<string, string> {
  return variables(env, /^CARGO_(?:HTTP|NET|REGISTRY|REGISTRIES)_(?!.*(?:CAINFO|CREDENTIAL_PROVIDERS?)$)/);
}

/** Of those what a build needs to tell where its packages came from. */
export function buildVariables(env: NodeJS.ProcessEnv): Record<string, string> {
  return variables(env, /^CARGO_REGISTRIES_.*_INDEX$/);
}

function variables(env: NodeJS.ProcessEnv, pattern: RegExp): Record<string, string> {
  const found = Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return Object.fromEntries(found.filter(([name]) => pattern.test(name)));
}

/** Whether a configuration in the source tree sets rustc's sysroot already: rustc takes the option only once. */
export function setsSysroot(config: TomlTable, triple: string): boolean {
  const flags = table(config, 'target', triple)['rustflags'];
  const words = strings(flags).concat((text(flags) ?? '').split(/\s+/));
  return words.some((word) => word === '--sysroot' || word.startsWith('--sysroot='));
}
