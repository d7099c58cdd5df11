import { posix } from 'node:path';
import { logger } from '@nx/devkit';
import type { Tree } from '@nx/devkit';
import { parseToml } from '@nx-avocado/engine/rust';
import type { TomlTable } from '@nx-avocado/engine/rust';

/**
 * Directories, relative to `src_dir`, of the crates that say they are part of an extension and can move: one with
 * path dependencies, or in a cargo workspace, is known by its place to others.
 */
export function cratesOf(tree: Tree, sourceRoot: string, extension: string): string[] {
  return manifests(tree, sourceRoot).flatMap((path) => {
    const manifest = readManifest(tree, path);
    const { metadata } = (manifest['package'] ?? {}) as { metadata?: { avocado?: { extension?: unknown } } };
    if (metadata?.avocado?.extension !== extension) return [];
    const directory = posix.dirname(path);
    if (isAlone(tree, manifest, directory)) return [posix.relative(sourceRoot === '.' ? '' : sourceRoot, directory)];
    logger.warn(`${directory} stays where it is: other crates know it by its place. The avocado CLI will not find it.`);
    return [];
  });
}

function isAlone(tree: Tree, manifest: TomlTable, directory: string): boolean {
  if (hasPathDependency(manifest)) return false;
  if ('workspace' in manifest) return true;
  for (let at = directory; at !== '.';) {
    at = posix.dirname(at);
    const path = posix.join(at, 'Cargo.toml');
    if (tree.exists(path) && 'workspace' in readManifest(tree, path)) return false;
  }
  return true;
}

function hasPathDependency(value: unknown, inside = false): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).some(([key, part]) => {
    if (inside && key === 'path' && typeof part === 'string') return true;
    return hasPathDependency(part, inside || /dependencies$/.test(key));
  });
}

function manifests(tree: Tree, directory: string): string[] {
  return tree.children(directory).flatMap((entry) => {
    const path = posix.join(directory, entry);
    if (['node_modules', 'target', '.avocado', '.git'].includes(entry)) return [];
    if (tree.isFile(path)) return entry === 'Cargo.toml' ? [path] : [];
    return manifests(tree, path);
  });
}

function readManifest(tree: Tree, path: string): TomlTable {
  return parseToml(tree.read(path, 'utf8') ?? '', path);
}
