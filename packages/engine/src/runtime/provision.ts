import { readFile, writeFile } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { AvocadoError } from '../error';
import { readDescriptor } from '../extension/upstream';
import { machine } from '../feed/data';
import type { SdkDescriptor } from '../feed/types';
import { canonicalJson, replaceDirectory, verifyManifest, writeManifest } from '../store';
import type { OutputManifest } from '../store';
import type { ProvisionOptions, TaskContext, TaskOutput } from '../task';
import { provisionRuntime } from './avocado/provision';
import type { ProvisionRecord } from './avocado/provision';
import { bootFiles, kernelConsole } from './boot-files';
import { readRootfs } from './build';
import { diskRecipe } from './disk-recipe';
import type { DiskRecipe } from './disk-recipe';
import type { RuntimeManifest } from './manifest';
import { requireRoot } from './tools';
import type { Part, VarContent } from './var-content';
import { varSize } from './var-content';

/** The upstream tasks' outputs, proven but for their bytes. */
export interface ProvisionInput {
  manifest: RuntimeManifest;
  content: VarContent;
  /** A file of the OS image's output. */
  rootfs: (name: string) => Part;
}

/**
 * Writes `disk.json`: what the disk is made of; on the avocado feed the SDK's own programs make it (avocado/provision.ts). No image's bytes are read: whoever puts the disk together (openDisk)
 * proves each part by its hash.
 * @throws AvocadoError `PROFILE_UNKNOWN`, `OUTPUT_*`, `SDK_ROOT_MISSING`
 */
export async function provision(
  options: ProvisionOptions,
  context: TaskContext,
): Promise<DiskRecipe | ProvisionRecord> {
  const { workspaceRoot } = context;
  const descriptor = await readDescriptor(workspaceRoot, options.sdk, options.machine);
  if (descriptor.feed === 'avocado') {
    const { files } = await readRootfs(workspaceRoot, options.rootfs);
    const runtime = await readRuntime(workspaceRoot, options.runtime);
    checkSameImage(runtime.manifest, files, options);
    const rootfs = (name: string): Part => part(options.rootfs, files, name);
    return provisionRuntime(options, { ...runtime, rootfs }, context);
  }
  return writeRecipe(options, descriptor, context);
}

async function writeRecipe(
  options: ProvisionOptions,
  descriptor: SdkDescriptor,
  { workspaceRoot }: TaskContext,
): Promise<DiskRecipe> {
  const target = machine(options.machine);
  const { profiles = ['img'] } = target;
  const profile = options.profile ?? 'img';
  if (!profiles.includes(profile)) {
    throw new AvocadoError('PROFILE_UNKNOWN', `${options.machine} has no provision profile ${profile}`, {
      hint: `Profiles of ${options.machine}: ${profiles.join(', ')}.`,
    });
  }
  const tools = requireRoot(descriptor, 'tools', options.sdk.task);
  const { files } = await readRootfs(workspaceRoot, options.rootfs);
  const runtime = await readRuntime(workspaceRoot, options.runtime);
  checkSameImage(runtime.manifest, files, options);
  const rootfs = part(options.rootfs, files, 'rootfs.erofs');

  return replaceDirectory(join(workspaceRoot, options.outputPath), async (output) => {
    const recipe = diskRecipe({
      machine: options.machine,
      profile,
      architecture: target.architecture,
      console: kernelConsole(target.kernel),
      runtime: { name: options.runtimeName, id: runtime.manifest.id },
      rootfs,
      kernel: part(options.rootfs, files, 'vmlinuz'),
      initramfs: part(options.rootfs, files, 'initramfs.cpio.zst'),
      boot: bootFiles(target).map(({ path, output: name }) => ({ path, source: part(options.rootfs, files, name) })),
      hybrid: target.boot !== undefined,
      var: { source: part(options.runtime, runtime.files, 'var.json'), ...varSize(runtime.content) },
      sourceDateEpoch: options.source_date_epoch,
      tools,
    });
    await writeFile(join(output, 'disk.json'), `${canonicalJson(recipe)}\n`);
    await writeManifest(output, ['disk.json']);
    return recipe;
  });
}

async function readRuntime(
  workspaceRoot: string,
  runtime: TaskOutput,
): Promise<{ manifest: RuntimeManifest; content: VarContent; files: OutputManifest['files'] }> {
  const directory = join(workspaceRoot, runtime.path);
  const { files } = await verifyManifest(directory, runtime.task);
  const read = async (name: string): Promise<unknown> => JSON.parse(await readFile(join(directory, name), 'utf8'));
  return {
    manifest: (await read('runtime/manifest.json')) as RuntimeManifest,
    content: (await read('var.json')) as VarContent,
    files,
  };
}

/** The device refuses a runtime whose manifest names another OS image, so such a disk is not made. */
function checkSameImage(manifest: RuntimeManifest, files: OutputManifest['files'], options: ProvisionOptions): void {
  if (manifest.rootfs.sha256 === files['rootfs.erofs']?.sha256) return;
  throw new AvocadoError(
    'OUTPUT_CORRUPT',
    `${options.runtime.task} was built on another OS image than ${options.rootfs.task}'s`,
    {
      hint: `Build it again: nx run ${options.runtime.task} --skip-nx-cache`,
    },
  );
}

function part({ path, task }: TaskOutput, files: OutputManifest['files'], name: string): Part {
  const found = files[name];
  if (!found) throw new AvocadoError('OUTPUT_MISSING', `${task} has no output ${name}`);
  return { path: posix.join(path, name), sha256: found.sha256, size: found.size, task };
}
