import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AvocadoError } from '../error';
import type { ExtensionRecord } from '../extension/record';
import { readDescriptor } from '../extension/upstream';
import { machine } from '../feed/data';
import { identified } from '../runtime/manifest';
import type { RuntimeManifest } from '../runtime/manifest';
import { localImages } from '../runtime/var-content';
import type { VarContent } from '../runtime/var-content';
import { imageId, verifyManifest } from '../store';
import type { DeployOptions, TaskOutput } from '../task';

/** An image on this machine. Whoever reads its bytes proves them. */
export interface LocalImage {
  /** Absolute. */
  path: string;
  sha256: string;
  /** Bytes. */
  size: number;
  /** What to run again when it is not what it was. */
  task?: string;
}

/** A runtime that is ready to be sent. */
export interface BuiltRuntime {
  machine: string;
  /** `x86_64` */
  arch: string;
  manifest: RuntimeManifest;
  /** manifest.json, byte for byte as the device gets it. */
  text: string;
  /** By image id; of an extension's deploy, only that extension's. */
  images: ReadonlyMap<string, LocalImage>;
}

/** One extension of a runtime that a device has. */
export interface BuiltExtension {
  machine: string;
  arch: string;
  name: string;
  version: string;
  image_id: string;
  image: LocalImage;
}

/** The feed's part of both: what a device of the machine target calls its processor. @throws AvocadoError `DEPLOY_UNSUPPORTED` */
async function architecture({ machine: target, sdk }: DeployOptions, workspaceRoot: string): Promise<string> {
  const { feed } = await readDescriptor(workspaceRoot, sdk, target);
  if (feed === 'debian') return machine(target).arch;
  throw new AvocadoError('DEPLOY_UNSUPPORTED', 'a runtime of the avocado feed cannot be deployed yet', {
    hint: "Its devices take signed updates alone (avocadoctl runtime add --url): use upstream's `avocado runtime deploy`.",
  });
}

/**
 * What a runtime's build gave.
 * @throws AvocadoError `OUTPUT_MISSING`, `OUTPUT_CORRUPT`, `DEPLOY_UNSUPPORTED`
 */
export async function readBuiltRuntime(
  options: DeployOptions & { runtime: TaskOutput },
  workspaceRoot: string,
): Promise<BuiltRuntime> {
  const arch = await architecture(options, workspaceRoot);
  const directory = join(workspaceRoot, options.runtime.path);
  await verifyManifest(directory, options.runtime.task);
  const text = await readFile(join(directory, 'runtime/manifest.json'), 'utf8');
  const content = JSON.parse(await readFile(join(directory, 'var.json'), 'utf8')) as VarContent;
  const images = localImages(content, workspaceRoot);
  return { machine: options.machine, arch, manifest: JSON.parse(text) as RuntimeManifest, text, images };
}

/**
 * What an extension's build gave.
 * @throws AvocadoError `OUTPUT_MISSING`, `OUTPUT_CORRUPT`, `DEPLOY_UNSUPPORTED`, `DEPLOY_NOTHING`
 */
export async function readBuiltExtension(
  options: DeployOptions & { extension: TaskOutput },
  workspaceRoot: string,
): Promise<BuiltExtension> {
  const arch = await architecture(options, workspaceRoot);
  const { path, task } = options.extension;
  const directory = join(workspaceRoot, path);
  await verifyManifest(directory, task, ['extension.json']);
  const record = JSON.parse(await readFile(join(directory, 'extension.json'), 'utf8')) as ExtensionRecord;
  const { name, version, image, omitted } = record;
  if (!image) {
    throw new AvocadoError('DEPLOY_NOTHING', `${name} has no image: ${omitted ?? 'its build made none'}`);
  }
  const { sha256, size, file } = image;
  const local = { path: join(directory, file), sha256, size, task };
  return { machine: options.machine, arch, name, version, image_id: imageId(sha256), image: local };
}

/**
 * The runtime that a device has, with one extension of it replaced. Pure.
 * @throws AvocadoError `DEPLOY_NO_EXTENSION`
 */
export function replaceExtension(active: RuntimeManifest, extension: BuiltExtension): BuiltRuntime {
  const { name, version, image_id, image, machine: target, arch } = extension;
  if (!active.extensions.some((one) => one.name === name)) {
    throw new AvocadoError(
      'DEPLOY_NO_EXTENSION',
      `the device's runtime ${active.runtime.name} has no extension ${name}`,
      {
        hint: `Add it to the runtime, and deploy that: nx run ${active.runtime.name}:deploy.`,
      },
    );
  }
  const { id: _id, ...content } = active;
  const { sha256, size } = image;
  const manifest = identified({
    ...content,
    extensions: active.extensions.map((one) => (one.name === name ? { ...one, version, image_id, sha256, size } : one)),
  });
  const text = `${JSON.stringify(manifest, null, 2)}\n`;
  return { machine: target, arch, manifest, text, images: new Map([[image_id, image]]) };
}
