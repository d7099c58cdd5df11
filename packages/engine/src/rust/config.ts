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

/** Whether a configuration in the source tree sets rustc's sysroot already: rustc takes the option only once. */
export function setsSysroot(config: TomlTable, triple: string): boolean {
  const flags = table(config, 'target', triple)['rustflags'];
  const words = strings(flags).concat((text(flags) ?? '').split(/\s+/));
  return words.some((word) => word === '--sysroot' || word.startsWith('--sysroot='));
}
