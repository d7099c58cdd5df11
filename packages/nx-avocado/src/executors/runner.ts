import type { ExecutorContext } from '@nx/devkit';
import { createDockerRunner, createSandboxRunner } from '@nx-avocado/engine/sdk';
import type { SdkRunner } from '@nx-avocado/engine/sdk';
import { normaliseOptions } from '../graph/options';

/** Of Nx's context what tells the runner. Nx hashes nx.json as a whole, so the choice is part of every task's key. */
export type RunnerContext = Pick<ExecutorContext, 'nxJsonConfiguration'>;

/** The runner that the plugin's options in nx.json name. */
export function sdkRunner({ nxJsonConfiguration }: RunnerContext): SdkRunner {
  const plugins = nxJsonConfiguration?.plugins ?? [];
  const ours = plugins.find((plugin) => typeof plugin === 'object' && plugin.plugin === 'nx-avocado');
  const { runner } = normaliseOptions(typeof ours === 'object' ? ours.options : undefined);
  return runner === 'docker' ? createDockerRunner() : createSandboxRunner();
}
