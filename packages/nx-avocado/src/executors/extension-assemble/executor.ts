import type { ExecutorContext } from '@nx/devkit';
import { assembleExtension } from '@nx-avocado/engine/extension';
import type { ExtensionAssembleOptions } from '@nx-avocado/engine/task';
import { engineOptions, runTask } from '../context';
import type { Keyed } from '../context';
import { sectionPosition } from '../position';

interface Options extends Omit<ExtensionAssembleOptions, 'position'>, Keyed {
  configFile: string;
  /** Links of the overlay; part of the key alone, like what `Keyed` holds. */
  links: Record<string, string>;
}

/** Packs an extension image. */
export default function assembleExtensionExecutor(
  options: Options,
  context: ExecutorContext,
): Promise<{ success: boolean }> {
  return runTask(context, async (task) => {
    const { configFile, links: _links, ...rest } = engineOptions(options);
    // Not an inferred option: a line added above the section would then change the key.
    const position = sectionPosition(task.workspaceRoot, configFile, rest.machine, ['extensions', rest.section.name]);
    await assembleExtension({ ...rest, position }, task);
  });
}
