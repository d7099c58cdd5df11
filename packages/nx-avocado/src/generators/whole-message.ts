import type { Tree } from '@nx/devkit';
import { AvocadoError, formatError } from '@nx-avocado/engine/error';

/**
 * What generators.json names: of an error Nx prints the message alone, so the place, the code and the hint of ours are
 * made part of it, with paths as the user knows them. Generators that call another one call it without this.
 */
export function wholeMessage<Options, Result>(
  generator: (tree: Tree, options: Options) => Promise<Result>,
): (tree: Tree, options: Options) => Promise<Result> {
  return async (tree, options) => {
    try {
      return await generator(tree, options);
    } catch (error) {
      if (error instanceof AvocadoError) error.message = formatError(error).replaceAll(`${tree.root}/`, '');
      throw error;
    }
  };
}
