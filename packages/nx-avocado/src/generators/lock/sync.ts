import type { GeneratorCallback, Tree } from '@nx/devkit';
import { afterwards } from './generator';
import { updateLocks } from './update';

interface Result {
  outOfSyncMessage?: string;
  callback?: GeneratorCallback;
}

/** The same for `nx sync`, which wants to be told; `nx g` would take what is returned for something to call. */
export default async function lockSyncGenerator(tree: Tree): Promise<Result> {
  const { changed, failed } = await updateLocks(tree, false);
  const callback = afterwards(changed, failed);
  return {
    ...(changed.length > 0 && { outOfSyncMessage: `Out of date: ${changed.join(', ')}` }),
    ...(callback && { callback }),
  };
}
