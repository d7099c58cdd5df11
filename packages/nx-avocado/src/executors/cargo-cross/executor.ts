import { cargoCross } from '@nx-avocado/engine/compile';
import type { CargoCrossOptions } from '@nx-avocado/engine/task';
import { executor } from '../context';
import type { Work } from '../context';

/** Cross-compiles a crate and stages what the extension installs. */
export const work: Work<CargoCrossOptions> = cargoCross;

export default executor(work);
