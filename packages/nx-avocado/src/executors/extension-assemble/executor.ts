import { assembleExtension } from '@nx-avocado/engine/extension';
import type { ExtensionAssembleOptions } from '@nx-avocado/engine/task';
import { executor } from '../context';
import type { Work } from '../context';
import { sectionPosition } from '../position';

export interface Options extends Omit<ExtensionAssembleOptions, 'position' | 'services'> {
  configFile: string;
  /** What is no file in the overlay; part of the key alone, like what `Keyed` holds. */
  unhashed: Record<string, string>;
}

/** Packs an extension image. */
export const work: Work<Options> = async ({ configFile, unhashed: _unhashed, ...options }, task) => {
  // Not an inferred option: a line added above the section would then change the key.
  const { machine, section } = options;
  const at = (...path: (string | number)[]) =>
    sectionPosition(task.workspaceRoot, configFile, machine, ['extensions', section.name, ...path]);
  const services = section.enable_services.map((_, index) => at('enable_services', index));
  await assembleExtension({ ...options, position: at(), services }, task);
};

export default executor(work);
