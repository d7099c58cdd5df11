import { table, text } from './toml';
import type { TomlTable } from './toml';

/** Whether Cargo.lock names a package that must be fetched: one that has a source is none of the workspace's own. */
export function hasExternalPackages(lock: TomlTable): boolean {
  const packages = Array.isArray(lock['package']) ? lock['package'] : [];
  return packages.some((entry) => text(table(entry)['source']) !== undefined);
}
