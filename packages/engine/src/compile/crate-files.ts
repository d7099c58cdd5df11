import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { CrateInputs } from '../rust';
import { readCrate } from '../rust';
import { listSources, sourceFile } from './sources';
import type { SourceFile } from './sources';

/**
 * The files that building a crate may read, with paths relative to the workspace root, sorted.
 *
 * Cargo wants to read the manifest of every member of a workspace, and checks that each has something to build. Of
 * the members that are not built it gets the manifest and stand-ins, so their sources are no input.
 */
export function crateFiles(inputs: CrateInputs, workspaceRoot: string): SourceFile[] {
  const files = new Map<string, SourceFile>();
  const members = inputs.manifests.filter((path) => path !== '');
  for (const source of inputs.sources) {
    // A member inside a crate that is built is only built if it is named itself.
    const skip = members.filter((member) => !inputs.sources.includes(member));
    for (const file of listSources(workspaceRoot, source, skip)) files.set(file.path, file);
  }
  for (const directory of inputs.manifests) {
    const manifest = under(directory, 'Cargo.toml');
    files.set(manifest, sourceFile(workspaceRoot, manifest));
    for (const path of standIns(join(workspaceRoot, directory))) {
      const at = under(directory, path);
      if (!files.has(at)) files.set(at, { path: at });
    }
  }
  for (const path of [...inputs.configs, inputs.lock]) {
    if (existsSync(join(workspaceRoot, path))) files.set(path, sourceFile(workspaceRoot, path));
  }
  return [...files.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** Where cargo looks for a member's targets, relative to it. */
function standIns(directory: string): string[] {
  const { manifest, name } = readCrate(directory);
  if (name === undefined) return [];
  const declared = (kind: string, folder: string): string[] => {
    const targets = manifest[kind];
    return (Array.isArray(targets) ? targets : []).flatMap((target: unknown) => {
      const { name: targetName, path } = target as { name?: unknown; path?: unknown };
      if (typeof path === 'string') return [path];
      return typeof targetName === 'string' ? [`${folder}/${targetName}.rs`] : [];
    });
  };
  const library = (manifest['lib'] as { path?: unknown } | undefined)?.path;
  return [
    typeof library === 'string' ? library : 'src/lib.rs',
    ...declared('bin', 'src/bin'),
    ...declared('example', 'examples'),
    ...declared('test', 'tests'),
    ...declared('bench', 'benches'),
  ];
}

function under(directory: string, path: string): string {
  return directory === '' ? path : `${directory}/${path}`;
}
