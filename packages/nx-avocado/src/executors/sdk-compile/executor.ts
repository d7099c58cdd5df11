import { sdkCompile } from '@nx-avocado/engine/compile';
import type { SdkCompileOptions } from '@nx-avocado/engine/task';
import { executor } from '../context';
import type { Work } from '../context';
import { placed, sectionPosition } from '../position';

export interface Options extends SdkCompileOptions {
  configFile: string;
}

/** Runs upstream's compile and install scripts and stages what they install. */
export const work: Work<Options> = ({ configFile, ...options }, task) => {
  const path = (script: string): string[] =>
    script.startsWith('sdk.') ? ['sdk', 'compile', options.section, 'compile'] : packagePath(options);
  return sdkCompile(options, task).catch((error: unknown) => {
    throw placed(error, ({ message }) =>
      sectionPosition(task.workspaceRoot, configFile, options.machine, path(message)),
    );
  });
};

function packagePath({ extension, package: name }: SdkCompileOptions): string[] {
  return ['extensions', extension, 'packages', name, 'install'];
}

export default executor(work);
