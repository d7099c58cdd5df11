import type {
  ExtensionSection,
  ImageSection,
  KernelSection,
  PermissionsSection,
  RuntimeSection,
} from '@nx-avocado/engine/config';
import type { SourcePosition } from '@nx-avocado/engine/error';
import type { AvocadoSource } from '@nx-avocado/engine/feed';
import type { IncludeWant } from '@nx-avocado/engine/lock';
import type { GitSource, GitTree } from '@nx-avocado/engine/source';
import type { CargoCrossOptions, Included, SdkCompileOptions, StoneOptions } from '@nx-avocado/engine/task';

/** What the plugin knows of one avocado.yaml; plain JSON, kept between runs (cache.ts). */
export interface ResolvedFile {
  /** The machine targets it was resolved for; the first is the default, unless it is `undecided`. */
  machines: string[];
  projects: ResolvedProject[];
  /** Why it has no default machine target: neither AVOCADO_TARGET nor the file names one. */
  undecided?: string;
  /** Of the other machine targets that the feed or the file names: why it does not load for them. */
  others?: Record<string, string>;
  /** Files beside it that it was resolved with, relative to the workspace root: versions, other folders' files. */
  reads: string[];
  /** Set where the file has errors: `projects` then holds only names, and every task of theirs prints this. */
  error?: string;
}

/** One extension or runtime, resolved for each machine target that it exists for. */
export interface ResolvedProject {
  kind: 'extension' | 'runtime';
  /** Its name for the default machine target: keys such as `avocado-bsp-{{ avocado.target.board }}` differ. */
  name: string;
  /** By machine target. Empty where the file has errors. */
  slices: Record<string, ExtensionSlice | RuntimeSlice>;
  /** Why there is no slice for a machine target: a package that the feed does not map, for instance. */
  errors: Record<string, string>;
  outline: Outline;
  /** `source: {type: path}`: the folder that it stands in, relative to the workspace root. */
  folder?: string;
  /** `source: {type: git}`, by machine target. */
  sources?: Record<string, FetchedSource>;
  /** `source: {type: package}` of the avocado feed. */
  includes?: IncludeWant[];
}

/** An extension that is fetched: its name for the machine target, from where, and the place that says so. */
export interface FetchedSource {
  extension: string;
  source: GitSource;
  position: SourcePosition;
}

/** What tasks a project has, known even where none of them can run. */
export interface Outline {
  /** Of an extension: packages that compile tasks make. */
  packages: string[];
  /** Of a runtime: its extensions, as indices into `projects`. */
  extensions: number[];
}

interface Slice {
  /** Wanted packages of each root, sorted. */
  requests: Record<string, string[]>;
  /** sha256 of the project's part of avocado.lock. */
  lockDigest: string;
  /** Of the avocado feed: which one. */
  feed?: AvocadoSource;
  source_date_epoch: number;
  /** `sdk.container_args`, where there are any. */
  containerArgs?: string[];
  /** What its tasks read, as globs relative to the workspace root; `!` before one takes it out. */
  files: string[];
}

export interface ExtensionSlice extends Slice {
  kind: 'extension';
  section: ExtensionSection;
  /** `src_dir`, relative to the workspace root. */
  sourceRoot: string;
  /** The fetched tree that it lies in. */
  source?: GitTree;
  /** The package extension that it is. */
  include?: Included;
  compiled: CompiledSlice[];
  /** The runtime whose account files it builds on, as an index into `projects`; only with users or groups. */
  accounts?: number;
  /** What its overlay's expressions can stand for; only where the overlay is preprocessed. */
  facts?: Record<string, string>;
}

/** One package that a compile task makes. */
export type CompiledSlice = { files: string[] } & (
  | { via: 'cargo-cross'; options: Pick<CargoCrossOptions, 'package' | 'crate' | 'profile' | 'features' | 'env'> }
  | { via: 'sdk-compile'; options: Pick<SdkCompileOptions, 'package' | 'section' | 'exclude' | 'compile' | 'install'> }
);

export interface RuntimeSlice extends Slice {
  kind: 'runtime';
  section: RuntimeSection;
  sourceRoot: string;
  hostname: string;
  rootfs: ImageSection;
  initramfs: ImageSection;
  kernel?: KernelSection;
  permissions?: PermissionsSection;
  /** In merge order; `project` is an index into `projects`. */
  extensions: { project: number; name: string; enabled: boolean; var_files: string[] }[];
  distro: { release?: string; channel?: string };
  profiles: StoneOptions['profiles'];
}
