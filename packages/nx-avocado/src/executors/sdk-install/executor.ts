import { sdkInstall } from '@nx-avocado/engine/lock';
import type { SdkInstallOptions } from '@nx-avocado/engine/task';
import { executor } from '../context';
import type { Work } from '../context';

/** Writes the SDK descriptor: which packages, pinned. The roots are installed where a task needs one. */
export const work: Work<SdkInstallOptions> = sdkInstall;

export default executor(work);
