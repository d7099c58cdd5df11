import { getProjects } from '@nx/devkit';
import type { Tree } from '@nx/devkit';
import { AvocadoError } from '@nx-avocado/engine/error';
import type { ConfigFile } from './config-file';

/**
 * An extension and a runtime are Nx projects by their own names. Two projects of one name stop every Nx command; where
 * one file's extension and runtime share it, both get longer names, and what people type no longer works.
 * @param file the avocado.yaml that gets it, where there is one
 * @throws AvocadoError `NAME_TAKEN`
 */
export function checkFree(tree: Tree, kind: 'extension' | 'runtime', name: string, file?: ConfigFile): void {
  const other = kind === 'extension' ? 'runtime' : 'extension';
  const project = getProjects(tree).get(name);
  const taken =
    (project && `${project.root} is an Nx project ${name}`) ??
    (file && Object.hasOwn(file.config[`${other}s`], name) && `${file.path} has ${other} ${name}`);
  if (!taken) return;
  throw new AvocadoError('NAME_TAKEN', `${taken} already; nothing was changed`, {
    hint: `Choose another name: the ${kind} would be the Nx project ${name} too.`,
  });
}
