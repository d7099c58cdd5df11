import { existsSync, readdirSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import type { Crate } from './crate';
import { readCrate } from './crate';
import { strings, table, text } from './toml';

/** Whether `path` is `directory` or inside it; both absolute. */
export function isInside(path: string, directory: string): boolean {
  return path === directory || path.startsWith(directory.endsWith(sep) ? directory : directory + sep);
}

/**
 * The crate whose directory holds Cargo.lock: the cargo workspace's root, or the crate itself.
 * @param limit absolute; nothing above it is looked at
 */
export function cargoRoot(crate: Crate, limit: string): Crate {
  if ('workspace' in crate.manifest) return crate;
  const named = text(table(crate.manifest, 'package')['workspace']);
  if (named !== undefined) return readCrate(join(crate.directory, named));
  for (let at = dirname(crate.directory); isInside(at, limit); at = dirname(at)) {
    if (existsSync(join(at, 'Cargo.toml'))) {
      const candidate = readCrate(at);
      if ('workspace' in candidate.manifest) return isExcluded(crate.directory, candidate) ? crate : candidate;
    }
    if (at === dirname(at)) break;
  }
  return crate;
}

/** Directories (absolute, sorted) that `members` of a workspace's root names. */
export function workspaceMembers(root: Crate): string[] {
  const patterns = strings(table(root.manifest, 'workspace')['members']);
  const found = patterns.flatMap((pattern) =>
    expand(
      root.directory,
      pattern.split('/').filter((part) => part !== '.'),
    ),
  );
  const crates = found.filter((directory) => existsSync(join(directory, 'Cargo.toml')) && !isExcluded(directory, root));
  return [...new Set(crates)].sort();
}

function isExcluded(directory: string, root: Crate): boolean {
  const excluded = strings(table(root.manifest, 'workspace')['exclude']);
  return excluded.some((path) => isInside(directory, join(root.directory, path)));
}

/** Cargo's globs in `members`: `*` and `?` within one part of a path, `**` for any number of directories. */
function expand(directory: string, parts: string[]): string[] {
  const [part, ...rest] = parts;
  if (part === undefined || part === '') return part === undefined ? [directory] : expand(directory, rest);
  if (!/[*?[]/.test(part)) return expand(join(directory, part), rest);
  const below = existsSync(directory)
    ? readdirSync(directory, { withFileTypes: true })
        .filter((entry) => entry.isDirectory() && !['target', 'node_modules', '.git'].includes(entry.name))
        .map((entry) => join(directory, entry.name))
    : [];
  if (part === '**') return [...expand(directory, rest), ...below.flatMap((child) => expand(child, parts))];
  const escaped = part
    .replace(/[.+^${}()|\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  const pattern = new RegExp(`^${escaped}$`);
  return below.filter((child) => pattern.test(relative(directory, child))).flatMap((child) => expand(child, rest));
}
