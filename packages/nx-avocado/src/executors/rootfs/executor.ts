import { buildRootfs } from '@nx-avocado/engine/runtime';
import type { RootfsOptions } from '@nx-avocado/engine/task';
import { executor } from '../context';
import type { Work } from '../context';

/** Makes the OS image, the initramfs and the kernel. */
export const work: Work<RootfsOptions> = buildRootfs;

export default executor(work);
