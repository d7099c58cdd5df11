import { buildRuntime } from '@nx-avocado/engine/runtime';
import type { RuntimeBuildOptions } from '@nx-avocado/engine/task';
import { executor } from '../context';
import type { Work } from '../context';

/** Composes the manifest and the list of what var holds. */
export const work: Work<RuntimeBuildOptions> = buildRuntime;

export default executor(work);
