import type { ExecutorContext } from '@nx/devkit';
import { sdkCompile } from '@nx-avocado/engine/compile';
import type { SdkCompileOptions } from '@nx-avocado/engine/task';
import { engineOptions, runTask } from '../context';
import type { Keyed } from '../context';
import { placed, sectionPosition } from '../position';

interface Options extends SdkCompileOptions, Keyed {
  configFile: string;
}

/** Runs upstream's compile and install scripts and stages what they install. */
export default function sdkCompileExecutor(options: Options, context: ExecutorContext): Promise<{ success: boolean }> {
  return runTask(context, (task) => {
    const { configFile, ...rest } = engineOptions(options);
    const path = (script: string): string[] =>
      script.startsWith('sdk.') ? ['sdk', 'compile', rest.section, 'compile'] : packagePath(rest);
    return sdkCompile(rest, task).catch((error: unknown) => {
      throw placed(error, ({ message }) =>
        sectionPosition(task.workspaceRoot, configFile, rest.machine, path(message)),
      );
    });
  });
}

function packagePath({ extension, package: name }: SdkCompileOptions): string[] {
  return ['extensions', extension, 'packages', name, 'install'];
}
