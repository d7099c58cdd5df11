import { provision } from '@nx-avocado/engine/runtime';
import type { ProvisionOptions } from '@nx-avocado/engine/task';
import { executor } from '../context';
import type { Work } from '../context';

/** Writes the disk's recipe and the parts that are new in it. */
export const work: Work<ProvisionOptions> = provision;

export default executor(work);
