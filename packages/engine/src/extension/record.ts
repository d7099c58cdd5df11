import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import type { ExtensionSection, Filesystem } from '../config/types';
import type { SdkDescriptor } from '../feed/types';
import { imageId, sha256File } from '../store';
import type { ExtensionIdentity } from './identity';

/** `extension.json`: what an extension's build says about itself to the tasks after it. */
export interface ExtensionRecord {
  version: string;
  name: string;
  machine: string;
  types: ('sysext' | 'confext')[];
  /** Absent where the feed leaves the extension out. */
  image?: {
    /** Beside this file. */
    file: string;
    sha256: string;
    /** Bytes. */
    size: number;
    /** uuid5 of the hash: its name on the device. */
    image_id: string;
    filesystem: Filesystem;
  };
  /** The files of `var_files`, relative to `/var`; absent where there are none. */
  var?: { file: 'var.tar'; sha256: string; size: number };
  enable_services: string[];
  on_merge: string[];
  on_unmerge: string[];
  /** Version by name of the feed's packages in the image. */
  packages: Record<string, string>;
  /** Why the feed cannot give this extension: no image, and a runtime goes without it. */
  omitted?: string;
  warnings: string[];
}

export async function describeImage(path: string, filesystem: Filesystem): Promise<ExtensionRecord['image'] & object> {
  const sha256 = await sha256File(path);
  return { file: basename(path), sha256, size: (await stat(path)).size, image_id: imageId(sha256), filesystem };
}

export function extensionRecord(
  { name, version }: ExtensionIdentity,
  section: ExtensionSection,
  descriptor: SdkDescriptor,
  rest: Pick<ExtensionRecord, 'image' | 'var' | 'omitted' | 'warnings'>,
): ExtensionRecord {
  const packages = rest.omitted === undefined ? (descriptor.roots.extension?.packages ?? []) : [];
  return {
    name,
    version,
    machine: descriptor.machine,
    types: section.types,
    enable_services: section.enable_services,
    on_merge: section.on_merge,
    on_unmerge: section.on_unmerge,
    packages: Object.fromEntries(packages.map((pin) => [pin.name, pin.version])),
    ...rest,
  };
}
