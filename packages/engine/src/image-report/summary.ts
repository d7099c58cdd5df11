/** A package or another part of an image, with what it takes there. */
export interface ContentGroup {
  name: string;
  /** Of a package. */
  version?: string;
  /** Of its files, unpacked. */
  bytes: number;
  files: number;
}

export interface ImageSummary {
  name: string;
  kind: 'os' | 'extension';
  version: string;
  /** Merged at boot. */
  enabled: boolean;
  sha256: string;
  /** Bytes, as it ships. */
  size: number;
  /** Bytes of its files, unpacked; absent where the image could not be opened here. */
  unpacked?: number;
  /** The largest first. Without any where the image could not be opened here. */
  groups: ContentGroup[];
}

export interface PackageSummary {
  /** The image that it is in. */
  image: string;
  name: string;
  version: string;
  /** Of its files in the image; absent where that is not known. */
  bytes?: number;
}

/** `summary.json`: what a runtime is made of, and how large it is. Bytes everywhere; the same runtime has the same summary. */
export interface RuntimeSummary {
  version: 1;
  machine: string;
  runtime: { name: string; version: string; id: string };
  /** The OS image first, then the extensions in merge order. */
  images: ImageSummary[];
  /** What boots them: `vmlinuz`, `initramfs.cpio.zst`. */
  boot: { name: string; size: number }[];
  kernel: string;
  packages: PackageSummary[];
  /** Extensions that the feed cannot give. */
  omitted: { name: string; reason: string }[];
  disk?: { size: number; partitions: { name: string; size: number }[] };
}
