/** What one architecture is called by whom. Both directions of cross compilation use Debian's toolchain names. */
export interface Architecture {
  /** `uname -m`, `OECORE_TARGET_ARCH`. */
  machine: string;
  /** Prefix of the cross tools and name of the multiarch directories. */
  gnu: string;
  /** `ARCH` of the Linux kernel's build. */
  kernel: string;
}

export const architectures: Readonly<Record<'amd64' | 'arm64', Architecture>> = {
  amd64: { machine: 'x86_64', gnu: 'x86_64-linux-gnu', kernel: 'x86' },
  arm64: { machine: 'aarch64', gnu: 'aarch64-linux-gnu', kernel: 'arm64' },
};
