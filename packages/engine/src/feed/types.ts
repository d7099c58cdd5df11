/** One package, pinned. Enough to fetch it from any mirror and to know that it is the right one. */
export interface PackagePin {
  name: string;
  version: string;
  /** Debian's name: `amd64`, `arm64` or `all`. */
  architecture: string;
  /** Path below the mirror's root: `pool/main/b/bash/bash_5.2.37-2+b5_amd64.deb`. */
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
 */
export type RootName = 'tools' | 'toolchain' | 'sysroot' | 'extension' | 'rootfs' | 'initramfs' | 'kernel' | 'emulator';

export interface RootSpec {
  /** `install` runs maintainer scripts (mmdebstrap); `unpack` only unpacks, so it works for any architecture. */
  method: 'install' | 'unpack';
  architecture: 'amd64' | 'arm64';
  /** Sorted by name, then architecture. */
  packages: PackagePin[];
  /** sha256 (hex) over method, architecture, pins and the recipe's version. */
  digest: string;
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
