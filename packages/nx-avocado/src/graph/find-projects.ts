import type { AvocadoConfig } from '@nx-avocado/engine/config';

export interface FoundProject {
  kind: 'extension' | 'runtime';
  /** For the first machine target that has it. */
  name: string;
  /** By machine target. */
  names: Record<string, string>;
}

/**
 * The extensions and runtimes of one file over all machine targets. A key such as `avocado-bsp-{{ avocado.target }}` has
 * another name for each, and is one project all the same: where every resolution has as many extensions, the place in
 * the file says which is which.
 */
export function findProjects(configs: AvocadoConfig[]): FoundProject[] {
  return (['runtime', 'extension'] as const).flatMap((kind) => {
    const lists = configs.map((config) => ({
      machine: config.machine,
      names: Object.keys(kind === 'runtime' ? config.runtimes : config.extensions),
    }));
    const byPlace = kind === 'extension' && lists.every(({ names }) => names.length === lists[0]?.names.length);
    const found: FoundProject[] = [];
    for (const { machine, names } of lists) {
      for (const [place, name] of names.entries()) {
        const known = byPlace ? found[place] : found.find((project) => project.name === name);
        if (known) known.names[machine] = name;
        else found.push({ kind, name, names: { [machine]: name } });
      }
    }
    return found;
  });
}
