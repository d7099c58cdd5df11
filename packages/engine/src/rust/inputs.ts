import { statSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { AvocadoError } from '../error';
import type { Crate } from './crate';
import { readCrate } from './crate';
import { patchedPaths, pathDependencies } from './dependencies';
import { cargoRoot, isInside, workspaceMembers } from './workspace';

/** Everything that building a crate reads. Paths are relative to the workspace root, with `/`; `''` is the root. */
export interface CrateInputs {
  /** Crates compiled, and what `inputs` of the metadata adds: whole directories, or single files. */
  sources: string[];
  /** Directories of crates that cargo only wants to read the manifest of, sorted. */
  manifests: string[];
  /** Cargo's configuration files, whether they exist or not, sorted. */
  configs: string[];
  /** Directory of the cargo workspace's root, or of the crate where it has none. */
  cargoRoot: string;
  /** Cargo.lock in `cargoRoot`. */
  lock: string;
  /**
   * What stands at /opt/src: `sourceRoot` where all of the above lies in it, as with the avocado CLI, else the
   * workspace root.
   */
  layoutRoot: string;
}

/**
 * @param directory of the crate, relative to `workspaceRoot`
 * @param workspaceRoot absolute
 * @param sourceRoot `src_dir`, relative to `workspaceRoot`
 * @throws AvocadoError `CRATE_OUTSIDE_WORKSPACE`, and what `readCrate` throws
 */
export function crateInputs(directory: string, workspaceRoot: string, sourceRoot = ''): CrateInputs {
  const name = (path: string): string => {
    if (!isInside(path, workspaceRoot)) {
      throw new AvocadoError('CRATE_OUTSIDE_WORKSPACE', `${directory} needs ${path}, which is outside the workspace`, {
        hint: 'Move it into the workspace, or publish it and depend on it by version.',
      });
    }
    return relative(workspaceRoot, path).split(sep).join('/');
  };
  const read = reader(name);
  const crate = read(join(workspaceRoot, directory));
  const root = cargoRoot(crate, workspaceRoot);
  const built = closure([crate.directory, ...patchedPaths(root)], (at) => pathDependencies(read(at), root).built);
  const known = closure([...built, root.directory, ...workspaceMembers(root)], (at) => {
    const { built: used, development } = pathDependencies(read(at), root);
    return [...used, ...development];
  });
  const extra = (crate.metadata?.inputs ?? []).map((path) => join(crate.directory, path));
  const sources = [...new Set([...built, ...extra].map(name))].sort();
  const manifests = known.filter((path) => !built.includes(path)).map(name);
  const lock = name(join(root.directory, 'Cargo.lock'));
  const fits = [...sources, ...manifests, lock].every((path) => within(path, sourceRoot));
  const layoutRoot = fits ? sourceRoot : '';
  return {
    sources,
    manifests: manifests.sort(),
    configs: configFiles(directory, layoutRoot),
    cargoRoot: name(root.directory),
    lock,
    layoutRoot,
  };
}

/** As globs, the way Nx takes them: relative to the workspace root, `!` before one that is taken out. */
export function crateGlobs({ sources, manifests, configs, lock }: CrateInputs, workspaceRoot: string): string[] {
  // A member that is not built lies in the directory of one that is: its sources are no input.
  const outside = manifests.filter(
    (path) =>
      sources.some((source) => source !== path && within(path, source)) &&
      !sources.some((source) => within(source, path)),
  );
  return [
    ...sources.map((path) => (isFile(join(workspaceRoot, path)) ? path : under(path, '**/*'))),
    ...manifests.map((path) => under(path, 'Cargo.toml')),
    ...configs,
    lock,
    ...outside.map((path) => `!${under(path, '*/**')}`),
  ];
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

/** Memory for one call: a manifest is read once. */
function reader(name: (path: string) => string): (directory: string) => Crate {
  const crates = new Map<string, Crate>();
  return (directory) => {
    name(directory);
    const crate = crates.get(directory) ?? readCrate(directory);
    crates.set(directory, crate);
    return crate;
  };
}

function closure(start: string[], next: (path: string) => string[]): string[] {
  const seen = new Set<string>();
  const queue = [...start];
  for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
    if (seen.has(path)) continue;
    seen.add(path);
    queue.push(...next(path));
  }
  return [...seen].sort();
}

/** Cargo reads these in the crate's directory and every one above it. */
function configFiles(directory: string, layoutRoot: string): string[] {
  const files: string[] = [];
  for (let at = directory; ; at = dirname(at) === '.' ? '' : dirname(at)) {
    files.push(under(at, '.cargo/config.toml'), under(at, '.cargo/config'));
    if (at === layoutRoot || at === '') return files.sort();
  }
}

function under(directory: string, path: string): string {
  return directory === '' ? path : `${directory}/${path}`;
}

function within(path: string, directory: string): boolean {
  return directory === '' || path === directory || path.startsWith(`${directory}/`);
}
