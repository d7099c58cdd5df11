/**
 * What a task gets. Options are plain JSON: the plugin infers them from avocado.yaml, Nx hashes them, and a plain
 * script could write them as well. Every path is relative to the workspace root, with `/`.
 */
import type {
  ExtensionSection,
  ImageSection,
  KernelSection,
  PermissionsSection,
  RuntimeSection,
} from '../config/types';
import type { AvocadoSource } from '../feed/avocado/source';
import type { RootSpec } from '../feed/types';
import type { BootCheck } from '../qemu/check-schema';
import type { Reporter } from '../report';
import type { SdkImages, SdkRoot, SdkRunner } from '../sdk/types';
import type { GitTree } from '../source/types';

/** The seam between tasks and the machine; tests replace parts of it, never the tools behind it. */
export interface TaskContext {
  /** Absolute. */
  workspaceRoot: string;
  reporter: Reporter;
  signal: AbortSignal;
  runner: SdkRunner;
  /** Where the runner has images. */
  images?: SdkImages;
  /** The root on this machine; installs it first where it is missing. */
  openRoot(spec: RootSpec): Promise<SdkRoot>;
}

/** An upstream task's output: its name for messages (`dev:rootfs`) and its directory, which holds a manifest.json. */
export interface TaskOutput {
  task: string;
  path: string;
}

export interface TaskOptions {
  machine: string;
  /** The directory this task writes as a whole. */
  outputPath: string;
}

/** A package extension of the avocado feed: its files are put where its sources are to be. */
export interface Included {
  /** Relative to the workspace root. */
  directory: string;
  /** The same directory in the package. */
  inPackage: string;
}

export interface SdkInstallOptions extends TaskOptions {
  feed: 'debian' | 'avocado';
  /** What a pin that the feed no longer has leads to (DESIGN section 4). */
  lock: 'strict' | 'refresh';
  /** The avocado.yaml, for messages and for the lock beside it. */
  configFile: string;
  project: { kind: 'extension' | 'runtime'; name: string };
  /** sha256 of this project's slice of avocado.lock: a changed pin changes the key. */
  lockDigest: string;
  /** Mapped packages wanted in each root, sorted (feed/requests.ts). */
  requests: Record<string, string[]>;
  /** Of the avocado feed: which one. */
  source?: AvocadoSource;
}

interface CompileOptions extends TaskOptions {
  sdk: TaskOutput;
  /** Name of the package in the extension's `packages`; the archive is `<package>.tar`. */
  package: string;
  /** The extension it is installed into. */
  extension: string;
  source_date_epoch: number;
}

export interface CargoCrossOptions extends CompileOptions {
  /** Directory of the crate's Cargo.toml. */
  crate: string;
  /**
   * `src_dir`: mounted as /opt/src where everything that the crate is built from lies in it, as for scripts, so that
   * both ways to compile give the same bytes. Otherwise, and where it is absent, the workspace root is.
   */
  sourceRoot?: string;
  /** Cargo profile; `release` unless the crate says otherwise. */
  profile: string;
  features: string[];
  /** Environment for cargo and build scripts. */
  env: Record<string, string>;
}

export interface SdkCompileOptions extends CompileOptions {
  /** `src_dir`: mounted as /opt/src, in a copy that scripts may write to. */
  sourceRoot: string;
  /** Paths below sourceRoot that are no input of the scripts (overlays, outputs). */
  exclude: string[];
  /** Section of `sdk.compile`. */
  section: string;
  compile?: string;
  install?: string;
  /** The fetched tree that `sourceRoot` lies in. */
  source?: GitTree;
  /** The package extension that `sourceRoot` lies in. */
  include?: Included;
}

export interface SdkRunOptions {
  machine: string;
  sdk: TaskOutput;
  /** `src_dir`: /opt/src of the command, where it may write. */
  sourceRoot: string;
  /** The project, where it is an extension. */
  extension?: string;
  /** Program and arguments. */
  command: string[];
  /** `sdk.container_args` */
  containerArgs?: string[];
  source_date_epoch: number;
}

export interface ExtensionAssembleOptions extends TaskOptions {
  sdk: TaskOutput;
  sourceRoot: string;
  /** The fetched tree that `sourceRoot` lies in. */
  source?: GitTree;
  /** The package extension that `sourceRoot` lies in. */
  include?: Included;
  section: ExtensionSection;
  /** Where the section stands, for messages: `examples/rust-vitals/avocado.yaml:57:3`. */
  position: { file: string; line: number; column: number };
  /** Where each item of its `enable_services` stands. */
  services?: { file: string; line: number; column: number }[];
  /** Outputs of `compile`, in the order of the section's packages. */
  staged: TaskOutput[];
  /** The OS image's account files; present where the section has `users` or `groups`. */
  rootfs?: TaskOutput;
  /** Overlay files with an executable bit, sorted: Nx hashes content, not modes. */
  executables: string[];
  /** What the `{{ expression }}` of preprocessed overlay files become, by expression (`avocado.target`). */
  preprocessValues?: Record<string, string>;
  source_date_epoch: number;
}

export interface RootfsOptions extends TaskOptions {
  sdk: TaskOutput;
  sourceRoot: string;
  hostname: string;
  rootfs: ImageSection;
  /** Files of its overlay with an executable bit, sorted: Nx hashes content, not modes. */
  executables?: string[];
  initramfs: ImageSection;
  kernel?: KernelSection;
  permissions?: PermissionsSection;
  runtime: { name: string; version?: string };
  source_date_epoch: number;
}

export interface RuntimeBuildOptions extends TaskOptions {
  sdk: TaskOutput;
  sourceRoot: string;
  section: RuntimeSection;
  rootfs: TaskOutput;
  /** In merge order, disabled ones included. */
  extensions: { name: string; enabled: boolean; output: TaskOutput; var_files: string[] }[];
  distro: { release?: string; channel?: string };
  source_date_epoch: number;
}

export interface ProvisionOptions extends TaskOptions {
  sdk: TaskOutput;
  rootfs: TaskOutput;
  runtime: TaskOutput;
  runtimeName: string;
  profile?: string;
  source_date_epoch: number;
  /** Of the avocado feed: what the SDK's own programs are handed. */
  stone?: StoneOptions;
}

export interface StoneOptions {
  /** `src_dir`, shown at /opt/src. */
  sourceRoot: string;
  /** `stone_include_paths` and `stone_manifest` of the runtime, relative to it. */
  include: string[];
  manifest?: string;
  /** `rootfs.filesystem`: the end of the image's name. */
  filesystem: string;
  distro: { release?: string; channel?: string };
  /** `sdk.container_args` */
  containerArgs: string[];
  /** `provision_profiles` */
  profiles: Record<string, { container_args: string[]; state_file: string }>;
}

export interface QemuOptions {
  machine: string;
  sdk: TaskOutput;
  provision: TaskOutput;
  runtimeName: string;
  /** MiB. */
  mem: number;
  smp: number;
  /** `2222-:22` as upstream writes it: host port, `-`, guest address (may be empty), `:`, guest port. */
  hostFwd: string[];
  /** Boot through UEFI firmware instead of the kernel directly. */
  firmware: boolean;
  /** Go on from a snapshot of the booted OS instead of booting. */
  warm?: boolean;
}

/** What is deployed to a device; which device is the user's to say. */
export interface DeployOptions {
  machine: string;
  sdk: TaskOutput;
}

/** Of the avocado feed. */
export interface SdkVmOptions extends QemuOptions {
  /** `sdk.container_args` */
  containerArgs?: string[];
}

export interface BootTestOptions extends QemuOptions {
  outputPath: string;
  /** Seconds from the start of QEMU to the last check. */
  timeout: number;
  checks: BootCheck[];
}

export interface FlashOptions {
  machine: string;
  provision: TaskOutput;
  /** `/dev/sdb`, or a link to it. */
  device?: string;
  /** Without asking. */
  yes?: boolean;
}

export interface ReportOptions extends TaskOptions {
  sdk: TaskOutput;
  rootfs: TaskOutput;
  runtime: TaskOutput;
  provision: TaskOutput;
  runtimeName: string;
  /** In merge order, disabled ones included; `sdk` is what each one's `sdk-install` wrote. */
  extensions: { name: string; enabled: boolean; output: TaskOutput; sdk: TaskOutput }[];
  /** Shown where it is there. */
  bootTest: TaskOutput;
}

/** One check of a boot test, as data. */
export type { BootCheck };
