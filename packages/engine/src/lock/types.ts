import type { LockedSource } from '../source/types';

/** Debian package names to versions. */
export type Pins = Record<string, string>;

/** Pins by the build machine's architecture, in upstream's spelling: `x86_64`, `aarch64`. */
export type BuildPins = Record<string, Pins>;

/** What a project asked for when its pins were made, by root (feed/requests.ts). */
export type LockedRequests = Record<string, string[]>;

export interface LockedExtension {
  requests: LockedRequests;
  /** Where its avocado.yaml is fetched from. */
  source?: LockedSource;
  /** Its compilers. */
  sdk?: BuildPins;
  'target-sysroot'?: Pins;
  /** What it ships beside its own files. */
  packages?: Pins;
}

export interface LockedRuntime {
  requests: LockedRequests;
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
  extensions?: Record<string, LockedExtension>;
  runtimes?: Record<string, LockedRuntime>;
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
  targets: Record<string, LockedTarget>;
  debian: Record<string, LockedFile>;
}
