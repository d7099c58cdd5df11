import { assembleExtension } from '@nx-avocado/engine/extension';
import type { ExtensionAssembleOptions } from '@nx-avocado/engine/task';
import { executor } from '../context';
import type { Work } from '../context';
import { sectionPosition } from '../position';

export interface Options extends Omit<ExtensionAssembleOptions, 'position'> {
  configFile: string;
  /** Links of the overlay; part of the key alone, like what `Keyed` holds. */
  links: Record<string, string>;
}

/** Packs an extension image. */
export const work: Work<Options> = async ({ configFile, links: _links, ...options }, task) => {
  // Not an inferred option: a line added above the section would then change the key.
  const path = ['extensions', options.section.name];
  const position = sectionPosition(task.workspaceRoot, configFile, options.machine, path);
  await assembleExtension({ ...options, position }, task);
};

export default executor(work);
