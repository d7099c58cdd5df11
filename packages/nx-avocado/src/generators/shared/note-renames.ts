import { getProjects, logger } from '@nx/devkit';
import type { Tree } from '@nx/devkit';
import { projectNames } from '../../graph/names';
import type { Nameable } from '../../graph/names';
import { configFiles, folderOf, openConfig } from './config-file';

/**
 * A generator that says which Nx projects get another name by what it adds: where two files have an extension of one
 * name, such as one of the feed, both are called by their folders too, and what people type or have in CI may be one.
 */
export function noteRenames<Options, Result>(
  generator: (tree: Tree, options: Options) => Promise<Result>,
): (tree: Tree, options: Options) => Promise<Result> {
  return async (tree, options) => {
    const before = await namesIn(tree);
    const result = await generator(tree, options);
    const after = await namesIn(tree);
    const renamed = [...before].flatMap(([project, name]) => {
      const now = after.get(project);
      return now === undefined || now === name ? [] : [`${name} is now ${now}`];
    });
    if (renamed.length > 0) {
      logger.warn(`Two files have extensions of the same names, so Nx projects are renamed: ${renamed.join(', ')}.`);
    }
    return result;
  };
}

/** Nx's name of each project, by what it is and where. A file with errors is left out. */
async function namesIn(tree: Tree): Promise<Map<string, string>> {
  const items = (await configFiles(tree)).flatMap((path) => projectsOf(tree, path));
  const names = projectNames(items, new Set(getProjects(tree).keys()));
  return new Map(items.map(({ kind, name, folder }, index) => [`${folder} ${kind} ${name}`, names[index] ?? name]));
}

function projectsOf(tree: Tree, path: string): Nameable[] {
  const folder = folderOf(path);
  try {
    const { runtimes, extensions } = openConfig(tree, path).config;
    // Those of other folders are projects there.
    const own = Object.values(extensions).filter(({ source }) => source?.type !== 'path');
    return [
      ...Object.keys(runtimes).map((name) => ({ kind: 'runtime' as const, name, folder })),
      ...own.map(({ name }) => ({ kind: 'extension' as const, name, folder })),
    ];
  } catch {
    return [];
  }
}
