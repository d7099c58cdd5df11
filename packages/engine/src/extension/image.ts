import { join, posix } from 'node:path';
import { AvocadoError } from '../error';
import type { SdkDescriptor } from '../feed/types';
import type { ExtensionAssembleOptions, TaskContext } from '../task';
import { packArguments } from './pack';
import { sysrootInSdk } from './post-build';

/** Packs a sysroot with the tools of the SDK into `directory/file`. @throws AvocadoError `COMMAND_FAILED` */
export async function packImage(
  sysroot: string,
  directory: string,
  file: string,
  options: ExtensionAssembleOptions,
  descriptor: SdkDescriptor,
  context: TaskContext,
): Promise<string> {
  const { section, machine } = options;
  const { tools } = descriptor.roots;
  if (!tools) throw new AvocadoError('SDK_ROOT_MISSING', `${options.sdk.task} has no root of image tools`);
  const target = sysrootInSdk(machine, section.name);
  const output = posix.join('/opt/_avocado', machine, 'output/extensions');
  await context.runner.run(
    {
      root: await context.openRoot(tools),
      argv: packArguments({
        filesystem: section.filesystem,
        sourceDateEpoch: options.source_date_epoch,
        sysroot: target,
        image: posix.join(output, file),
      }),
      env: { SOURCE_DATE_EPOCH: String(options.source_date_epoch) },
      mounts: [
        { source: sysroot, target },
        { source: directory, target: output, writable: true },
      ],
      label: `image of ${section.name}`,
      signal: context.signal,
    },
    context.reporter,
  );
  return join(directory, file);
}
