import { work as cargoCross } from '../cargo-cross/executor';
import { work as disk } from '../disk/executor';
import { work as extensionAssemble } from '../extension-assemble/executor';
import { work as provision } from '../provision/executor';
import { work as rootfs } from '../rootfs/executor';
import { work as runtimeBuild } from '../runtime-build/executor';
import { work as sdkCompile } from '../sdk-compile/executor';
import { work as sdkInstall } from '../sdk-install/executor';
import type { Step } from '../../graph/batch';
import type { Keyed, Work } from '../context';

/** The executors of the tasks between avocado.yaml and a disk, by name. */
const steps = {
  'sdk-install': sdkInstall,
  'cargo-cross': cargoCross,
  'sdk-compile': sdkCompile,
  'extension-assemble': extensionAssemble,
  rootfs,
  'runtime-build': runtimeBuild,
  provision,
  disk,
} satisfies Record<Step, unknown>;

/** Which step, and the options of its executor. */
export interface StepOptions extends Keyed {
  step: Step;
  /** Absent where it writes to where the user says. */
  outputPath?: string;
}

/** Runs the executor that the options name. Their other options are its own: the schema here does not know them. */
export const work: Work<Omit<StepOptions, keyof Keyed>> = ({ step, ...options }, task) =>
  (steps[step] as Work<object>)(options, task);
