import { buildRootfs } from '@nx-avocado/engine/runtime';
import type { RootfsOptions } from '@nx-avocado/engine/task';
import { executor } from '../context';
import type { Work } from '../context';

export interface Options extends RootfsOptions {
  /** What is no file in the overlay; part of the key alone, like what `Keyed` holds. */
  unhashed?: Record<string, string>;
}

/** Makes the OS image, the initramfs and the kernel. */
export const work: Work<Options> = ({ unhashed: _unhashed, ...options }, task) => buildRootfs(options, task);

export default executor(work);
