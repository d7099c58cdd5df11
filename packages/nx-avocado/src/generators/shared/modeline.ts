import type { Tree } from '@nx/devkit';
import { relativePath } from './path';

/**
 * The first line of an avocado.yaml: tells the editor which schema it has. The YAML language server reads it, which is
 * what VS Code, Neovim, Emacs, Helix and Zed use, and JetBrains' editors read it too; settings of one editor would be
 * of no use to the others.
 * @param folder the file's, relative to the workspace root
 */
export function modeline(tree: Tree, folder: string): string {
  return `${start}${schemaFor(tree, folder, 'avocado.schema.json')}`;
}

/** Path of one of the plugin's schemas, for a file in that folder. */
export function schemaFor(tree: Tree, folder: string, name: string): string {
  return relativePath(folder, `${schemas(tree)}/${name}`);
}

export function hasModeline(text: string): boolean {
  return text.split('\n').some((line) => line.startsWith(start));
}

const start = '# yaml-language-server: $schema=';

/** A workspace without package.json has its packages below .nx. */
function schemas(tree: Tree): string {
  const modules = tree.exists('package.json') ? 'node_modules' : '.nx/installation/node_modules';
  return `${modules}/nx-avocado/schema`;
}
