import type { AvocadoSource } from './avocado/source';

/** One package, pinned. Enough to fetch it from any mirror and to know that it is the right one. */
export interface PackagePin {
  name: string;
  version: string;
  /** Debian's name: `amd64`, `arm64` or `all`; of the avocado feed, RPM's. */
  architecture: string;
  /** Path below the mirror's root: `pool/main/b/bash/bash_5.2.37-2+b5_amd64.deb`; below the feed's address for RPMs. */
  filename: string;
  /** Lower-case hex. */
  sha256: string;
  /** Bytes. */
  size: number;
}

/**
 * What a set of packages is for.
 * - `tools`: image tools (mkfs.erofs, systemd-repart, ...), the same for every project
 * - `toolchain`: compilers for this project, on the build machine's architecture
 * - `sysroot`: SDKTARGETSYSROOT, the target's headers and libraries
 * - `extension`: what an extension ships beside its own files: its packages less those of the OS image
 * - `rootfs`: the OS image's packages; `initramfs`, `kernel`: likewise
 * - `emulator`: QEMU and firmware for the machine target
 * - `interpreter`: what runs the OS image's install scripts on a machine of another architecture; fetched where it is used
 * - `include`: of the avocado feed, a package extension's own avocado.yaml, overlay and scripts
 */
export type RootName =
  | 'include'
  | 'tools'
  | 'toolchain'
  | 'sysroot'
  | 'extension'
  | 'rootfs'
  | 'initramfs'
  | 'kernel'
  | 'emulator'
  | 'interpreter';

export interface RootSpec {
  /**
   * `install` runs maintainer scripts (mmdebstrap); `unpack` only unpacks, so it works for any architecture; `rpm` installs
   * by rpm in the SDK image, and has `rpm`.
   */
  method: 'install' | 'unpack' | 'rpm';
  architecture: 'amd64' | 'arm64';
  /** Sorted by name, then architecture. */
  packages: PackagePin[];
  /** sha256 (hex) over method, architecture, pins and the recipe's version. */
  digest: string;
  rpm?: RpmRoot;
}

/** What a root of the avocado feed is made with, beside its packages. */
export interface RpmRoot {
  /** `sdk`: packages below AVOCADO_SDK_PREFIX, which commands see in the SDK image; `tree`: a system root of its own. */
  kind: 'sdk' | 'tree';
  /** Which repositories have its packages. */
  side: 'sdk' | 'extension' | 'target';
  machine: string;
  build: 'amd64' | 'arm64';
  /** The SDK image, by digest. */
  image: string;
  /** Packages of the SDK that are installed first, without scripts; sorted names. */
  bootstrap?: string[];
  /** Where the packages can be had: not part of the digest. */
  source: AvocadoSource;
  snapshot?: string;
  /** The avocado.yaml, relative to the workspace root. */
  configFile: string;
}

/** The output of `sdk-install`: `sdk.json`. */
export interface SdkDescriptor {
  version: 1;
  feed: 'debian' | 'avocado';
  machine: string;
  roots: Partial<Record<RootName, RootSpec>>;
  /** Names that this feed cannot give, each with the reason (`avocado-ext-connect`: an agent of Peridio's cloud). */
  omitted: Record<string, string>;
}
