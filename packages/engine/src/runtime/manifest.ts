import type { ExtensionRecord } from '../extension/record';
import { canonicalJson, imageId, sha256, uuid5 } from '../store';

/** Any constant would do; it must never change. */
const runtimeNamespace = '3f0f3c55-7b8e-5c0a-8f34-6f0f2b3a9d11';

interface ImageReference {
  image_id: string;
  sha256: string;
  /** Bytes; the device agent compares it at boot, when a hash over the whole image would take too long. */
  size: number;
}

/** Upstream's manifest v2 (contract 2.7), which the device agent reads; `size` and `omitted` are additions of ours. */
export interface RuntimeManifest {
  manifest_version: 2;
  /** uuid5 of everything else in it: the same runtime has the same id. */
  id: string;
  /** ISO 8601, from source_date_epoch. */
  built_at: string;
  runtime: { name: string; version: string };
  rootfs: ImageReference & { build_id: string };
  initramfs: ImageReference;
  kernel: ImageReference & { version: string };
  /** The first listed wins. */
  extensions: (ImageReference & { name: string; version: string; enabled?: false })[];
  /** Extensions that the feed cannot give. */
  omitted?: { name: string; reason: string }[];
}

export interface ManifestInput {
  runtime: { name: string; version: string };
  rootfs: { sha256: string; size: number; build_id: string };
  initramfs: { sha256: string; size: number };
  kernel: { sha256: string; size: number; version: string };
  extensions: { record: ExtensionRecord; enabled: boolean }[];
  sourceDateEpoch: number;
}

/** Pure. */
export function runtimeManifest(input: ManifestInput): RuntimeManifest {
  const { runtime, rootfs, initramfs, kernel, sourceDateEpoch } = input;
  const omitted = input.extensions.flatMap(({ record }) =>
    record.omitted === undefined ? [] : [{ name: record.name, reason: record.omitted }],
  );
  const content = {
    manifest_version: 2 as const,
    built_at: new Date(sourceDateEpoch * 1000).toISOString().replace('.000Z', 'Z'),
    runtime,
    rootfs: { ...reference(rootfs), build_id: rootfs.build_id },
    initramfs: reference(initramfs),
    kernel: { ...reference(kernel), version: kernel.version },
    extensions: input.extensions.flatMap(({ record: { name, version, image }, enabled }) =>
      image ? [{ name, version, ...reference(image), ...(enabled ? {} : { enabled: false as const }) }] : [],
    ),
    ...(omitted.length > 0 ? { omitted } : {}),
  };
  return identified(content);
}

/** With its id, which everything else in it decides. */
export function identified(content: Omit<RuntimeManifest, 'id'>): RuntimeManifest {
  return { ...content, id: uuid5(runtimeNamespace, sha256(canonicalJson(content))) };
}

function reference({ sha256, size }: { sha256: string; size: number }): ImageReference {
  return { image_id: imageId(sha256), sha256, size };
}
