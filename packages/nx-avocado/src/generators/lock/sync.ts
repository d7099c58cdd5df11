import type { Tree } from '@nx/devkit';
import { updateLocks } from './generator';

/** The same for `nx sync`, which wants to be told; `nx g` would take what is returned for something to call. */
export default async function lockSyncGenerator(tree: Tree): Promise<{ outOfSyncMessage?: string }> {
  const changed = await updateLocks(tree, false);
  return changed.length === 0 ? {} : { outOfSyncMessage: `Out of date: ${changed.join(', ')}` };
}
