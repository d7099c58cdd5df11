import { sdkInstall } from '@nx-avocado/engine/lock';
import type { SdkInstallOptions } from '@nx-avocado/engine/task';
import { executor } from '../context';
import type { Work } from '../context';

/**
 * Writes the SDK descriptor: which packages, pinned. The roots are installed where a task needs one.
 * All other tasks of a project follow this one, so it tells what is wrong with all of them.
 */
export const work: Work<SdkInstallOptions & { error?: string }> = async ({ error = '', ...options }, task) => {
  if (error !== '') throw configErrors(error);
  return sdkInstall(options, task);
};

/** Already as the user is to see them: places, codes and hints. */
function configErrors(text: string): Error {
  const error = new Error(text);
  delete error.stack;
  return error;
}

export default executor(work);
