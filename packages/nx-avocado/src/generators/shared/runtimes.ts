import type { Tree } from '@nx/devkit';
import { AvocadoError } from '@nx-avocado/engine/error';
import { configFiles, folderOf, openConfig } from './config-file';
import type { ConfigFile } from './config-file';

/** A runtime of the workspace, and the file it stands in. */
export interface FoundRuntime {
  name: string;
  file: ConfigFile;
  /** `products/gateway/dev`: the folder of the file, and its name. */
  label: string;
}

/** Every runtime of the workspace, by file. A file with errors has none: the errors are shown where nothing else is found. */
export async function findRuntimes(tree: Tree): Promise<{ runtimes: FoundRuntime[]; errors: unknown[] }> {
  const errors: unknown[] = [];
  const runtimes: FoundRuntime[] = [];
  for (const path of await configFiles(tree)) {
    try {
      const file = openConfig(tree, path);
      for (const name of Object.keys(file.config.runtimes)) {
        const folder = folderOf(path);
        runtimes.push({ name, file, label: folder === '.' ? name : `${folder}/${name}` });
      }
    } catch (error) {
      errors.push(error);
    }
  }
  return { runtimes, errors };
}

/**
 * The runtime that an extension joins: the one that is asked for, by name or as `folder/name`, else the only one.
 * @throws AvocadoError `RUNTIME_MISSING`, `RUNTIME_AMBIGUOUS`, or the errors of the only files
 */
export async function chooseRuntime(tree: Tree, asked?: string): Promise<FoundRuntime> {
  const { runtimes, errors } = await findRuntimes(tree);
  const labels = runtimes.map(({ label }) => label);
  if (runtimes.length === 0) {
    if (errors.length > 0) throw errors[0];
    throw new AvocadoError('RUNTIME_MISSING', 'there is no runtime that the extension could join', {
      hint: 'Make one first: nx g nx-avocado:runtime dev',
    });
  }
  const found =
    asked === undefined ? runtimes : runtimes.filter(({ name, label }) => label === asked || name === asked);
  const [first, ...others] = found.length > 1 ? preferLabel(found, asked) : found;
  if (!first) {
    throw new AvocadoError('RUNTIME_MISSING', `there is no runtime ${asked}`, {
      hint: `There are: ${labels.join(', ')}.`,
    });
  }
  if (others.length === 0) return first;
  const names = found.map(({ label }) => label).join(', ');
  const which = asked === undefined ? 'there are several runtimes' : `several runtimes are called ${asked}`;
  throw new AvocadoError('RUNTIME_AMBIGUOUS', `${which}: ${names}`, { hint: `Say which: --runtime ${first.label}` });
}

/** `a/dev` may be both a label and, of another file, a part of one: the whole label wins. */
function preferLabel(found: FoundRuntime[], asked?: string): FoundRuntime[] {
  const exact = found.filter(({ label }) => label === asked);
  return exact.length === 1 ? exact : found;
}
