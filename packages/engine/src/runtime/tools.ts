import { AvocadoError } from '../error';
import type { RootName, RootSpec, SdkDescriptor } from '../feed/types';
import type { Mount } from '../sdk/types';
import type { TaskContext } from '../task';

export interface ToolCommand {
  /** `make the OS image` */
  label: string;
  argv: string[];
  mounts?: Mount[];
  env?: Record<string, string>;
  cwd?: string;
}

/** Runs one of the SDK's image tools; what is mounted below /work can be shown to it in a warm container. @throws AvocadoError `COMMAND_FAILED` @returns its standard output */
export async function runTool(tools: RootSpec, command: ToolCommand, context: TaskContext): Promise<string> {
  const root = await context.openRoot(tools);
  const { stdout } = await context.runner.run(
    { ...command, root, tool: true, signal: context.signal },
    context.reporter,
  );
  return stdout;
}

/** @throws AvocadoError `SDK_ROOT_MISSING` */
export function requireRoot(descriptor: SdkDescriptor, name: RootName, task: string): RootSpec {
  const spec = descriptor.roots[name];
  if (spec) return spec;
  throw new AvocadoError('SDK_ROOT_MISSING', `${task} has no ${name} root`, {
    hint: `The ${descriptor.feed} feed gives it to runtimes; run ${task} again.`,
  });
}
