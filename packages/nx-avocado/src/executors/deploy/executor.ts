import { resolve } from 'node:path';
import type { ExecutorContext } from '@nx/devkit';
import {
  deploy,
  deployExtension,
  openSshDevice,
  readBuiltExtension,
  readBuiltRuntime,
} from '@nx-avocado/engine/deploy';
import type { DeployOptions, TaskOutput } from '@nx-avocado/engine/task';
import { engineOptions, runTask } from '../context';
import type { Keyed } from '../context';

interface Options extends DeployOptions, Keyed {
  runtime?: TaskOutput;
  extension?: TaskOutput;
  device: string;
  identity?: string;
  sshOption?: string[];
}

/** Deploys a runtime, or one extension of the runtime that the device has. */
export default function deployExecutor(options: Options, context: ExecutorContext): Promise<{ success: boolean }> {
  return runTask(context, async (task) => {
    const { runtime, extension, device: name, identity, sshOption = [], ...rest } = engineOptions(options);
    const { workspaceRoot, reporter } = task;
    const built = runtime && (await readBuiltRuntime({ ...rest, runtime }, workspaceRoot));
    const one = extension && (await readBuiltExtension({ ...rest, extension }, workspaceRoot));
    // ssh knows what `~` is.
    const key = identity && !identity.startsWith('~') ? resolve(context.cwd, identity) : identity;
    const device = await openSshDevice({ device: name, ...(key && { identity: key }), sshOptions: sshOption }, task);
    try {
      const { switched, units } = built ? await deploy(built, device, task) : await deployExtension(one!, device, task);
      if (!switched) reporter.info(`${name} runs it already; nothing was sent`);
      for (const { name: unit, active, sub } of units) reporter.info(`${unit}: ${active} (${sub})`);
    } finally {
      await device.close();
    }
  });
}
