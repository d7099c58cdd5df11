import { join } from 'node:path';
import type { Crate } from './crate';
import { table, text } from './toml';
import type { TomlTable } from './toml';

/** Directories (absolute) of the crates that one depends on by path. */
export interface PathDependencies {
  /** Compiled with it. */
  built: string[];
  /** Only for its own tests: cargo reads their manifests, nothing else. */
  development: string[];
}

/** @param root the manifest of its cargo workspace, for `workspace = true` */
export function pathDependencies(crate: Crate, root: Crate | undefined): PathDependencies {
  const sections = [crate.manifest, ...Object.values(table(crate.manifest, 'target')).map((value) => table(value))];
  const paths = (kind: string): string[] =>
    sections.flatMap((section) => dependencyPaths(table(section, kind), crate.directory, root));
  return {
    built: unique([...paths('dependencies'), ...paths('build-dependencies')]),
    development: unique(paths('dev-dependencies')),
  };
}

/** Directories that `[patch]` of a workspace's root puts in the place of registry packages. */
export function patchedPaths(root: Crate): string[] {
  const patches = [...Object.values(table(root.manifest, 'patch')), root.manifest['replace']];
  return unique(patches.flatMap((patch) => dependencyPaths(table(patch), root.directory, undefined)));
}

function dependencyPaths(dependencies: TomlTable, directory: string, root: Crate | undefined): string[] {
  return Object.entries(dependencies).flatMap(([name, value]) => {
    const dependency = table(value);
    const path = text(dependency['path']);
    if (path !== undefined) return [join(directory, path)];
    if (dependency['workspace'] !== true || !root) return [];
    const shared = text(table(root.manifest, 'workspace', 'dependencies', name)['path']);
    return shared === undefined ? [] : [join(root.directory, shared)];
  });
}

function unique(paths: string[]): string[] {
  return [...new Set(paths)].sort();
}
