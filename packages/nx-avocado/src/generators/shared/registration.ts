import { readNxJson } from '@nx/devkit';
import type { Tree } from '@nx/devkit';

export const pluginName = 'nx-avocado';

/** Whether nx.json lists the plugin. */
export function isRegistered(tree: Tree): boolean {
  return (readNxJson(tree)?.plugins ?? []).some(
    (plugin) => (typeof plugin === 'string' ? plugin : plugin.plugin) === pluginName,
  );
}
