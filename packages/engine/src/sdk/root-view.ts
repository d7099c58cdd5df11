import type { SdkCommand, SdkRunner } from './types';

/** The command with what its root brings, beside its own files: mounts and environment. */
export function withRootView(command: SdkCommand): SdkCommand {
  const { mounts = [], env = {} } = command.root;
  return { ...command, mounts: [...mounts, ...(command.mounts ?? [])], env: { ...env, ...command.env } };
}

/** The same runner for roots that are made of several parts. */
export function runnerOfRoots(runner: SdkRunner): SdkRunner {
  return {
    ...runner,
    run: (command, reporter, options) => runner.run(withRootView(command), reporter, options),
    spawn: (command, stdio) => runner.spawn(withRootView(command), stdio),
  };
}
