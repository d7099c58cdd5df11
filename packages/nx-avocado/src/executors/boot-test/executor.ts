import type { ExecutorContext } from '@nx/devkit';
import { bootTest } from '@nx-avocado/engine/qemu';
import type { BootTestOptions, TaskOutput } from '@nx-avocado/engine/task';
import { engineOptions, runTask } from '../context';
import type { Keyed } from '../context';
import { readChecks, unitChecks } from './checks';

interface Options extends Omit<BootTestOptions, 'checks'>, Keyed {
  checksFile?: string;
  /** Outputs of the extensions whose services must be active. */
  extensions?: TaskOutput[];
}

/** Boots the runtime and checks it: the services of its extensions, and what the checks file asks for. */
export default function bootTestExecutor(options: Options, context: ExecutorContext): Promise<{ success: boolean }> {
  return runTask(context, async (task) => {
    const { checksFile, extensions = [], ...rest } = engineOptions(options);
    const checks = [
      ...(await unitChecks(task.workspaceRoot, extensions)),
      ...(checksFile ? await readChecks(task.workspaceRoot, checksFile, rest.runtimeName) : []),
    ];
    await bootTest({ ...rest, checks }, task);
  });
}
