/**
 * The resolved form of an avocado.yaml for one machine target: interpolated, overrides applied, defaults filled in.
 * Keys are upstream's own (reference: contract sections 1.1 to 1.9), so a section reads as it was written.
 */
export interface AvocadoConfig {
  /** Absolute path of the avocado.yaml. */
  file: string;
  /** Absolute path of `src_dir`: what overlay and script paths are relative to. */
  src_dir: string;
  /** The machine target this form was resolved for, such as `qemux86-64`. */
  machine: string;
  /** `avocado.target.board`. */
  board: string;
  default_target?: string;
  supported_targets: '*' | string[];
  distro: DistroSection;
  default_runtime?: string;
  /** In the order of the file; only those relevant to `machine`. */
  runtimes: Record<string, RuntimeSection>;
  /** In the order of the file. */
  extensions: Record<string, ExtensionSection>;
  sdk: SdkSection;
  rootfs: Record<string, ImageSection>;
  initramfs: Record<string, ImageSection>;
  kernel: Record<string, KernelSection>;
  permissions: Record<string, PermissionsSection>;
  provision_profiles: Record<string, ProvisionProfile>;
  signing_keys: Record<string, string>;
  connect?: { org?: string; project?: string; server_key?: string };
  /** Seconds since 1970 that outputs are stamped with; 0 unless set. */
  source_date_epoch: number;
  /** What upstream accepts but the user should know, each with its place. */
  warnings: Diagnostic[];
}

export interface Diagnostic {
  code: string;
  message: string;
  file: string;
  line: number;
  column: number;
  hint?: string;
}

export interface DistroSection {
  release?: string;
  channel?: string;
  repo: { url?: string; releasever?: string; ca?: string; tls_verify: boolean };
}

/** `'*'` or a version; a package built by `sdk.compile.<compile>` and installed by a script; or a legacy list. */
export type PackageSpec =
  | { kind: 'version'; version: string }
  | { kind: 'compiled'; compile: string; install: string }
  | { kind: 'extensions'; extensions: string };

export interface RuntimeSection {
  name: string;
  target?: string;
  target_board?: string;
  version?: string;
  packages: Record<string, PackageSpec>;
  /** Merge order: the first listed wins. */
  extensions: { name: string; enabled: boolean }[];
  /** The names of the sections used; an inline map is filed under `<runtime>` in the same maps of AvocadoConfig. */
  kernel?: string;
  rootfs: string;
  initramfs: string;
  stone_include_paths: string[];
  stone_manifest?: string;
  signing?: { key?: string; checksum_algorithm: 'sha256' | 'blake3'; content_key?: string; server_key?: string };
  var: { compression?: string; subvolumes: Record<string, Subvolume> };
  var_files: { source: string; dest: string }[];
  post_build?: string;
  container_dev?: unknown;
  type?: string;
}

export interface Subvolume {
  enabled: boolean;
  writable: boolean;
  compression?: string;
  nodatacow?: boolean;
  quota?: string;
}

export type Filesystem = 'squashfs' | 'erofs' | 'erofs-lz4' | 'erofs-zst';

export interface ExtensionSection {
  name: string;
  /** Absent only where `source` is not local. */
  version?: string;
  source?: ExtensionSource;
  release?: string;
  summary?: string;
  description?: string;
  license?: string;
  url?: string;
  vendor?: string;
  package_files: string[];
  types: ('sysext' | 'confext')[];
  packages: Record<string, PackageSpec>;
  sdk: { packages: Record<string, string> };
  overlay?: { dir: string; mode: 'merge' | 'opaque'; preprocess: boolean | string[] };
  enable_services: string[];
  on_merge: string[];
  on_unmerge: string[];
  modprobe: string[];
  reload_service_manager: boolean;
  sysext_scopes: string[];
  confext_scopes: string[];
  filesystem: Filesystem;
  image: { type: 'raw' | 'kab'; args?: unknown };
  var_files: string[];
  docker_images: { image: string; tag: string }[];
  subvolumes: Record<string, Subvolume>;
  users: Record<string, UserSection>;
  groups: Record<string, GroupSection>;
  post_build?: string;
  stone_include_paths: string[];
  extensions: string[];
}

export type ExtensionSource =
  | { type: 'package'; version: string; package: string; repo_name?: string; include?: string[] }
  | { type: 'git'; url: string; ref?: string; sparse_checkout?: string[]; include?: string[] }
  | { type: 'path'; path: string; include?: string[] };

export interface SdkSection {
  image?: string;
  packages: Record<string, string>;
  compile: Record<string, CompileSection>;
  container_args: string[];
  disable_weak_dependencies: boolean;
  /** AVOCADO_DNF_ARGS, at its blanks. */
  dnf_args?: string[];
  host_uid?: number;
  host_gid?: number;
  repo_url?: string;
  repo_release?: string;
}

export interface CompileSection {
  name: string;
  compile?: string;
  clean?: string;
  /** Packages of the target sysroot: `-dev` headers and libraries. */
  packages: Record<string, string>;
  package?: Record<string, unknown>;
}

export interface ImageSection {
  name: string;
  packages: Record<string, string>;
  /** rootfs: `erofs-lz4`, `erofs-zst`; initramfs: `cpio`, `cpio.zst`, `cpio.lz4`, `cpio.gz`. */
  filesystem: string;
  overlay?: { dir: string; mode: 'merge' | 'opaque'; preprocess: boolean | string[] };
  image?: unknown;
  post_install?: string;
  /** Name in AvocadoConfig.permissions; an inline map is filed under the section's own name. */
  permissions?: string;
  source?: { type: 'path'; path: string };
}

export type KernelSection =
  | { kind: 'package'; name: string; package: string; version: string }
  | { kind: 'compiled'; name: string; compile: string; install: string };

export interface PermissionsSection {
  users: Record<string, UserSection>;
  groups: Record<string, GroupSection>;
}

export interface UserSection {
  /** `'*'` is locked, `''` needs no password, anything else is a crypt hash. */
  password: string;
  uid?: number;
  gid?: number;
  gecos?: string;
  home?: string;
  shell: string;
  groups: string[];
  last_change: number;
  min_days: number;
  max_days: number;
  warn_days: number;
  inactive_days?: number;
  expire_date?: number;
  disabled: boolean;
  system: boolean;
}

export interface GroupSection {
  gid?: number;
  system: boolean;
  password?: string;
  members: string[];
}

export interface ProvisionProfile {
  container_args: string[];
  state_file: string;
}
