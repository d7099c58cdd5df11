import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExtensionRecord } from '../extension/record';
import { readDescriptor } from '../extension/upstream';
import type { RootSpec, SdkDescriptor } from '../feed';
import { readRootfs } from '../runtime/build';
import type { DiskRecipe, RuntimeManifest } from '../runtime';
import { provePart } from '../runtime/parts';
import { requireRoot } from '../runtime/tools';
import { verifyManifest } from '../store';
import type { OutputManifest } from '../store';
import type { ReportOptions, TaskContext, TaskOutput } from '../task';
import { contentGroups } from './groups';
import type { OwnedDirectory } from './groups';
import { imageFiles } from './image-files';
import { packageLists } from './package-lists';
import type { ContentGroup, ImageSummary, RuntimeSummary } from './summary';

/** An image and the packages in it, before it is opened. */
interface Found {
  image: Omit<ImageSummary, 'groups' | 'unpacked'>;
  path: string;
  filesystem: 'erofs' | 'squashfs';
  packages?: RootSpec;
  /** Packages of whole directories, whose lists are not read: the kernel's takes longer than all others. */
  directories: OwnedDirectory[];
  rest: string;
}

/**
 * What a runtime is made of, from the outputs of its tasks; every file that is read is proven.
 * @throws AvocadoError `OUTPUT_*`, `COMMAND_FAILED`, and as `fetchPackages`
 */
export async function collectSummary(options: ReportOptions, context: TaskContext): Promise<RuntimeSummary> {
  const { workspaceRoot, reporter } = context;
  const descriptor = await readDescriptor(workspaceRoot, options.sdk, options.machine);
  const manifest = await readJson<RuntimeManifest>(workspaceRoot, options.runtime, 'runtime/manifest.json');
  const { record, files } = await readRootfs(workspaceRoot, options.rootfs);
  const found = [
    await osImage(options, descriptor, files, record.os_build_id, workspaceRoot),
    ...(await extensionImages(options, workspaceRoot)),
  ];
  // Of the avocado feed, images are opened by its own SDK alone, and its packages name their files in their own way.
  const tools = descriptor.feed === 'debian' ? requireRoot(descriptor, 'tools', options.sdk.task) : undefined;
  const images: ImageSummary[] = [];
  const step = reporter.step(`look into the images of ${options.runtimeName}`);
  for (const one of found) {
    step.update(one.image.name);
    images.push({ ...one.image, ...(tools ? await open(one, tools, context) : { groups: [] }) });
  }
  step.done(`${found.length} images`);
  const disk = await diskOf(options, workspaceRoot);
  return {
    version: 1,
    machine: options.machine,
    runtime: { ...manifest.runtime, id: manifest.id },
    images,
    boot: ['vmlinuz', 'initramfs.cpio.zst'].flatMap((name) => (files[name] ? [{ name, size: files[name].size }] : [])),
    kernel: record.kernel.version,
    packages: found.flatMap((one) => packagesOf(one, images)),
    omitted: manifest.omitted ?? [],
    ...(disk && { disk }),
  };
}

async function osImage(
  { rootfs }: ReportOptions,
  descriptor: SdkDescriptor,
  files: OutputManifest['files'],
  buildId: string,
  workspaceRoot: string,
): Promise<Found> {
  const file = files['rootfs.erofs'] ?? { sha256: '', size: 0 };
  const packages = descriptor.roots.rootfs;
  // Beside it is the one that only names it.
  const kernel = [...(descriptor.roots.kernel?.packages ?? [])].sort((a, b) => b.size - a.size)[0];
  return {
    image: { name: 'OS image', kind: 'os', version: buildId, enabled: true, ...file },
    path: await provePart(workspaceRoot, { path: `${rootfs.path}/rootfs.erofs`, ...file, task: rootfs.task }),
    filesystem: 'erofs',
    ...(packages && { packages }),
    directories: kernel ? [{ path: 'usr/lib/modules', pin: kernel }] : [],
    rest: 'made by the build',
  };
}

async function extensionImages(options: ReportOptions, workspaceRoot: string): Promise<Found[]> {
  const all = options.extensions.map(async ({ name, enabled, output, sdk }): Promise<Found[]> => {
    const record = await readJson<ExtensionRecord>(workspaceRoot, output, 'extension.json');
    if (!record.image) return [];
    const { file, sha256, size, filesystem } = record.image;
    const packages = (await readDescriptor(workspaceRoot, sdk, options.machine)).roots.extension;
    return [
      {
        image: { name, kind: 'extension', version: record.version, enabled, sha256, size },
        path: await provePart(workspaceRoot, { path: `${output.path}/${file}`, sha256, size, task: output.task }),
        filesystem: filesystem === 'squashfs' ? 'squashfs' : 'erofs',
        ...(packages && { packages }),
        directories: [],
        rest: `${name}'s own files`,
      },
    ];
  });
  return (await Promise.all(all)).flat();
}

async function open(
  { path, filesystem, packages, directories, rest }: Found,
  tools: RootSpec,
  context: TaskContext,
): Promise<{ unpacked: number; groups: ContentGroup[] }> {
  const files = await imageFiles(path, filesystem, tools, context);
  const groups = contentGroups(files, await packageLists(packages, context), directories, rest);
  return { unpacked: groups.reduce((sum, { bytes }) => sum + bytes, 0), groups };
}

function packagesOf({ image: { name: image }, packages, directories }: Found, images: ImageSummary[]) {
  const groups = images.find(({ name }) => name === image)?.groups ?? [];
  const pins = [...(packages?.packages ?? []), ...directories.map(({ pin }) => pin)];
  const bytes = new Map(groups.map((group) => [group.name, group.bytes]));
  return pins.map(({ name, version }) => ({
    ...{ image, name, version },
    // Nothing of a package that only depends on others is in an image.
    ...(groups.length > 0 && { bytes: bytes.get(name) ?? 0 }),
  }));
}

/** Of the avocado feed, what the SDK's programs made is no recipe of ours. */
async function diskOf({ provision }: ReportOptions, workspaceRoot: string): Promise<RuntimeSummary['disk']> {
  const { files } = await verifyManifest(join(workspaceRoot, provision.path), provision.task);
  if (!files['disk.json']) return undefined;
  const { size, partitions } = await readJson<DiskRecipe>(workspaceRoot, provision, 'disk.json');
  return { size, partitions: partitions.map((partition) => ({ name: partition.name, size: partition.size })) };
}

async function readJson<T>(workspaceRoot: string, { path, task }: TaskOutput, file: string): Promise<T> {
  await verifyManifest(join(workspaceRoot, path), task, [file]);
  return JSON.parse(await readFile(join(workspaceRoot, path, file), 'utf8')) as T;
}
