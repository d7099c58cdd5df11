import { join, posix, relative, sep } from 'node:path';
import { globAsync } from '@nx/devkit';
import type { Tree } from '@nx/devkit';
import { loadConfigOrThrow, readHeader } from '@nx-avocado/engine/config';
import type { AvocadoConfig } from '@nx-avocado/engine/config';
import { AvocadoError } from '@nx-avocado/engine/error';

/** An avocado.yaml of the workspace as it is in the tree. */
export interface ConfigFile {
  /** Relative to the workspace root. */
  path: string;
  text: string;
  /** For its default machine target. */
  config: AvocadoConfig;
  /** Its `src_dir`, relative to the workspace root; what its paths are relative to. */
  sourceRoot: string;
}

export const configName = 'avocado.yaml';

/**
 * @param text what the file is about to hold, where that is not what the tree has
 * @throws AvocadoError what is wrong in the file, with its place
 */
export function openConfig(
  tree: Tree,
  path: string,
  text = tree.read(path, 'utf8') ?? '',
  machine?: string,
): ConfigFile {
  const file = join(tree.root, path);
  const options = { text, readFile: treeReader(tree), env: {} };
  const { header } = readHeader(file, options);
  const { config } = loadConfigOrThrow(file, { ...options, machine: machine ?? header?.machines[0] ?? anyMachine });
  const sourceRoot = relative(tree.root, config.src_dir).split(sep).join('/') || '.';
  if (sourceRoot.startsWith('..')) {
    throw new AvocadoError('CONFIG_OUTSIDE', `src_dir of ${path} is outside the workspace`, {
      hint: 'Nx sees nothing there: move it into the workspace.',
    });
  }
  return { path, text, config, sourceRoot };
}

/** Every avocado.yaml below the root that no ignore file leaves out, sorted. */
export async function configFiles(tree: Tree): Promise<string[]> {
  return (await globAsync(tree, [`**/${configName}`])).sort();
}

/**
 * Writes an edited avocado.yaml once it has proved to load.
 * @throws AvocadoError what the edit would have broken
 */
export function saveConfig(tree: Tree, path: string, text: string): ConfigFile {
  const saved = openConfig(tree, path, text);
  tree.write(path, text);
  return saved;
}

export function folderOf(path: string): string {
  return posix.dirname(path);
}

/** For a file that names no machine target: the names in it are the same for all of them. */
const anyMachine = 'qemux86-64';

/** Versions that stand in other files are read as the tree has them. */
function treeReader(tree: Tree): (path: string) => Uint8Array {
  return (path) => {
    const content = tree.read(relative(tree.root, path));
    if (content) return content;
    throw Object.assign(new Error(`no such file: ${path}`), { code: 'ENOENT' });
  };
}
