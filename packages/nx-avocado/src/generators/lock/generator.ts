import type { GeneratorCallback, Tree } from '@nx/devkit';
import { AvocadoError } from '@nx-avocado/engine/error';
import { updateLocks } from './update';

interface Options {
  /** Move every pin, not only those that are missing. */
  update?: boolean;
}

/** `nx g nx-avocado:lock`: brings avocado.lock beside each avocado.yaml up to date. */
export default async function lockGenerator(
  tree: Tree,
  { update = false }: Options,
): Promise<GeneratorCallback | undefined> {
  const { changed, failed } = await updateLocks(tree, update);
  return afterwards(changed, failed);
}

/**
 * What could be pinned is written before the rest is an error.
 * @throws AvocadoError `LOCK_IMPOSSIBLE`, where nothing is to be written
 */
export function afterwards(changed: string[], failed: string[]): GeneratorCallback | undefined {
  if (failed.length === 0) return undefined;
  const error = new AvocadoError('LOCK_IMPOSSIBLE', failed.join('\n\n'));
  if (changed.length === 0) throw error;
  return () => {
    throw error;
  };
}
