import { join, posix } from 'node:path';
import { AvocadoError } from '../error';
import type { RootSpec, SdkDescriptor } from '../feed/types';
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
  const tools = packingRoot(descriptor);
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

const packers = ['erofs-utils', 'squashfs-tools'];

/**
 * The root that a project compiles in, where that has the packers too: in Docker, the container that compiled an
 * extension can then pack it. The pins of both roots come from one feed, so the image is the same.
 */
function packingRoot({ roots: { toolchain, tools } }: SdkDescriptor): RootSpec | undefined {
  const names = new Set(toolchain?.packages.map(({ name }) => name));
  return packers.every((name) => names.has(name)) ? toolchain : tools;
}
