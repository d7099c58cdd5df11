import type { Tree } from '@nx/devkit';
import { AvocadoError } from '@nx-avocado/engine/error';
import type { ExtensionOptions } from './extension-options';
import { checkFree } from './free-name';
import { checkMachine } from './machine';
import { relativePath, workspaceDirectory } from './path';
import { chooseRuntime } from './runtimes';
import type { FoundRuntime } from './runtimes';
import { requireAbsent } from './templates';

/** Where a new extension goes. Directories are relative to the workspace root. */
export interface Placement {
  runtime: FoundRuntime;
  layout: 'section' | 'folder';
  /** The extension's own directory: its overlay, its scripts, its code. */
  folder: string;
  /** Path of `folder` as its section of avocado.yaml writes it, ended by `/`; empty where the section stands in it. */
  prefix: string;
}

/**
 * Decides where a new extension goes, and that nothing is there yet.
 * @throws AvocadoError `EXTENSION_EXISTS`, `NAME_TAKEN`, `PATH_EXISTS`, `PATH_INVALID`, `MACHINE_UNKNOWN`, and what finding the runtime throws
 */
export async function placeExtension(tree: Tree, options: ExtensionOptions): Promise<Placement> {
  const { name, layout = 'section', machine } = options;
  if (machine !== undefined) checkMachine(machine);
  const runtime = await chooseRuntime(tree, options.runtime);
  const { file } = runtime;
  if (Object.hasOwn(file.config.extensions, name)) {
    throw new AvocadoError('EXTENSION_EXISTS', `${file.path} has an extension ${name} already; nothing was changed`, {
      hint: 'Choose another name, or take the old one out first.',
    });
  }
  checkFree(tree, 'extension', name, file);
  const folder = workspaceDirectory(tree, 'directory', options.directory ?? joined(file.sourceRoot, name));
  requireAbsent(tree, folder, 'directory');
  const path = relativePath(file.sourceRoot, folder);
  if (layout === 'section' && path.startsWith('..')) {
    throw new AvocadoError('PATH_INVALID', `${folder} is outside the directory that ${file.path} builds from`, {
      hint: `Choose one below ${file.sourceRoot}, or give the extension a file of its own: --layout folder`,
    });
  }
  return { runtime, layout, folder, prefix: layout === 'section' ? `${path}/` : '' };
}

function joined(directory: string, name: string): string {
  return directory === '.' ? name : `${directory}/${name}`;
}
