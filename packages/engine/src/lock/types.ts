import type { RepoSnapshot } from '../feed/avocado/snapshot';
import type { RootRequests } from '../feed/requests';
import type { LockedSource } from '../source/types';

/** Debian package names to versions. */
export type Pins = Record<string, string>;

/** Pins by the build machine's architecture, in upstream's spelling: `x86_64`, `aarch64`. */
export type BuildPins = Record<string, Pins>;

/** What a project asked for when its pins were made, by root (feed/requests.ts). */
export type LockedRequests = Record<string, string[]>;

/** A package extension, as upstream has it: `version` is RPM's, without the release. */
export interface LockedPackageSource {
  type: 'package';
  package?: string;
  version?: string;
}

export interface LockedExtension {
  /** Of the debian feed alone. */
  requests?: LockedRequests;
  /** Where its avocado.yaml is fetched from. */
  source?: LockedSource | LockedPackageSource;
  /** Its compilers. */
  sdk?: BuildPins;
  'target-sysroot'?: Pins;
  /** What it ships beside its own files. */
  packages?: Pins;
}

export interface LockedRuntime {
  /** Of the debian feed alone. */
  requests?: LockedRequests;
  /** Of the avocado feed alone: the runtime's own packages, and which extensions are in it. */
  packages?: Pins;
  extensions?: Record<string, LockedExtension>;
  sdk?: BuildPins;
  'target-sysroot'?: Pins;
  rootfs?: Pins;
  initramfs?: Pins;
  kernel?: Pins;
}

export interface LockedTarget {
  /** The image tools, which every project shares. */
  sdk?: BuildPins;
  emulator?: BuildPins;
  interpreter?: BuildPins;
  extensions?: Record<string, LockedExtension>;
  runtimes?: Record<string, LockedRuntime>;
  /** Of the avocado feed, as upstream has them: what was asked for, by name. */
  rootfs?: Pins;
  initramfs?: Pins;
  'target-sysroot'?: Pins;
  'repo-snapshot'?: RepoSnapshot;
}

/** What one project of the avocado feed is made of. */
export interface RpmProject {
  requests: RootRequests;
  /** With which arguments dnf chose the packages; absent where there were none. */
  arguments?: string[];
  /** `sdk.image` as avocado.yaml names it. */
  image: string;
  bootstrap: string[];
  /** All packages by root: `[epoch:]version-release.arch` by name. */
  roots: Record<string, Pins>;
  /** The same for roots that run on the build machine, by its architecture. */
  sdk: Record<string, BuildPins>;
}

/** A package extension: what it says must be known before anything is fetched. */
export interface LockedInclude {
  /** What was asked for. */
  request: string;
  /** `[epoch:]version-release.arch` */
  version: string;
  /** Directory of its avocado.yaml in the package: the extension's name, or `.`. */
  directory: string;
  /** Its avocado.yaml. */
  config: string;
}

/**
 * What upstream's lock does not say: which bytes a version is, and what it pulls in. The avocado CLI drops it when it writes
 * the lock; `nx sync` then makes it again, from the versions and the snapshot that are pinned.
 */
export interface RpmLock {
  /** Digest (`name@sha256:...`) by the image's name in avocado.yaml. */
  images: Record<string, string>;
  /** By `name-[epoch:]version-release.arch`; `filename` is below the feed's address. */
  packages: Record<string, LockedFile>;
  /** Package extensions by machine target, then the package's name. */
  includes?: Record<string, Record<string, LockedInclude>>;
  /** By machine target, then `extension <name>` or `runtime <name>`. */
  projects: Record<string, Record<string, RpmProject>>;
}

/** A package's bytes; the key is `<name>_<version>_<architecture>`. */
export interface LockedFile {
  filename: string;
  sha256: string;
  size: number;
}

/**
 * `avocado.lock`, in the shape of upstream's version 7 as far as it fits: what upstream pins by NEVRA is a Debian
 * version here, and the table `debian` says which bytes each one is.
 */
export interface Lock {
  version: 7;
  /** Of the avocado feed: `distro.release` when it was made. */
  distro_release?: string;
  targets: Record<string, LockedTarget>;
  debian: Record<string, LockedFile>;
  rpm?: RpmLock;
}
