import { join, posix } from 'node:path';
import { AvocadoError } from '../error';
import type { SdkDescriptor } from '../feed/types';
import type { ExtensionAssembleOptions, TaskContext } from '../task';
import { packArguments } from './pack';

/** In the SDK; below /work a warm container can show it (`SdkCommand.tool`). No path gets into an image. */
const places = { sysroot: '/work/sysroot', output: '/work/output' };

/** Packs a sysroot with the tools of the SDK into `directory/file`. @throws AvocadoError `COMMAND_FAILED` */
export async function packImage(
  sysroot: string,
  directory: string,
  file: string,
  options: ExtensionAssembleOptions,
  descriptor: SdkDescriptor,
  context: TaskContext,
): Promise<string> {
  const { section } = options;
  const { tools } = descriptor.roots;
  if (!tools) throw new AvocadoError('SDK_ROOT_MISSING', `${options.sdk.task} has no root of image tools`);
  await context.runner.run(
    {
      root: await context.openRoot(tools),
      argv: packArguments({
        filesystem: section.filesystem,
        sourceDateEpoch: options.source_date_epoch,
        sysroot: places.sysroot,
        image: posix.join(places.output, file),
      }),
      env: { SOURCE_DATE_EPOCH: String(options.source_date_epoch) },
      mounts: [
        { source: sysroot, target: places.sysroot },
        { source: directory, target: places.output, writable: true },
      ],
      tool: true,
      label: `image of ${section.name}`,
      signal: context.signal,
    },
    context.reporter,
  );
  return join(directory, file);
}
