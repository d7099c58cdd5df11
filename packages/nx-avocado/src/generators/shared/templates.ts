import { join } from 'node:path';
import { generateFiles } from '@nx/devkit';
import type { Tree } from '@nx/devkit';
import { AvocadoError } from '@nx-avocado/engine/error';

/** Templates are packed as source, beside what is compiled from it: from both, the package is three levels up. */
const templates = join(__dirname, '../../../src/generators');

/** Writes a set of templates, such as `rust-extension/files/crate`, into a directory of the workspace. */
export function writeTemplates(tree: Tree, set: string, directory: string, values: Record<string, unknown>): void {
  generateFiles(tree, join(templates, set), directory, { dot: '.', ...values });
}

/** @throws AvocadoError `PATH_EXISTS`: a generator never writes over what is there */
export function requireAbsent(tree: Tree, path: string, option: string): void {
  if (!tree.exists(path)) return;
  throw new AvocadoError('PATH_EXISTS', `${path} is there already; nothing was changed`, {
    hint: `Remove it, choose another name, or another place with --${option}.`,
  });
}
