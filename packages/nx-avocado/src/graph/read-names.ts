import { readFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { ResolvedProject } from './model';

/**
 * Names of a file that cannot be loaded, as far as its lines tell, so that its tasks still exist and say what is wrong.
 * At least one project, named after the folder.
 */
export function readNames(path: string): ResolvedProject[] {
  let text = '';
  try {
    text = readFileSync(path, 'utf8').slice(0, 256 * 1024);
  } catch {
    // Then the folder's name is all there is.
  }
  const found = scanNames(text);
  const folder = basename(dirname(path));
  return found.length > 0 ? found : [unresolved('runtime', folder === '' ? 'avocado' : folder)];
}

/** A project of which nothing but its name is known. */
export function unresolved(kind: ResolvedProject['kind'], name: string): ResolvedProject {
  return { kind, name, slices: {}, errors: {}, outline: { packages: [], extensions: [] } };
}

/** Keys directly below `runtimes:` and `extensions:`, by indentation alone; those that need interpolation are left out. */
export function scanNames(text: string): ResolvedProject[] {
  const found = new Map<string, ResolvedProject>();
  let kind: ResolvedProject['kind'] | undefined;
  let indent: number | undefined;
  for (const line of text.split('\n')) {
    if (/^\s*(#|$)/.test(line)) continue;
    const [, key = ''] = /^ *["']?([\w.+-]+)["']?\s*:/.exec(line) ?? [];
    if (/^\S/.test(line)) {
      kind = /^runtimes?$/.test(key) ? 'runtime' : key === 'extensions' ? 'extension' : undefined;
      indent = undefined;
    } else if (kind !== undefined) {
      const depth = line.length - line.trimStart().length;
      indent ??= depth;
      if (depth === indent && key !== '') found.set(`${kind} ${key}`, unresolved(kind, key));
    }
  }
  return [...found.values()];
}
