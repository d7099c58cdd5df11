import { assembleExtension } from '@nx-avocado/engine/extension';
import type { ExtensionAssembleOptions } from '@nx-avocado/engine/task';
import { executor } from '../context';
import type { Work } from '../context';
import { sectionPosition } from '../position';

export interface Options extends Omit<ExtensionAssembleOptions, 'position'> {
  configFile: string;
  /** What is no file in the overlay; part of the key alone, like what `Keyed` holds. */
  unhashed: Record<string, string>;
}

/** Packs an extension image. */
export const work: Work<Options> = async ({ configFile, unhashed: _unhashed, ...options }, task) => {
  // Not an inferred option: a line added above the section would then change the key.
  const path = ['extensions', options.section.name];
  const position = sectionPosition(task.workspaceRoot, configFile, options.machine, path);
  await assembleExtension({ ...options, position }, task);
};

export default executor(work);
