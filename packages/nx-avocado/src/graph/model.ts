import type {
  ExtensionSection,
  ImageSection,
  KernelSection,
  PermissionsSection,
  RuntimeSection,
} from '@nx-avocado/engine/config';
import type { CargoCrossOptions, SdkCompileOptions } from '@nx-avocado/engine/task';

/** What the plugin knows of one avocado.yaml; plain JSON, kept between runs (cache.ts). */
export interface ResolvedFile {
  /** The machine targets it was resolved for; the first is the default. */
  machines: string[];
  projects: ResolvedProject[];
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
  /** Set where only this project is wrong, by an unmapped package for instance. */
  error?: string;
}

interface Slice {
  /** Wanted packages of each root, sorted. */
  requests: Record<string, string[]>;
  /** sha256 of the project's part of avocado.lock. */
  lockDigest: string;
  source_date_epoch: number;
  /** What its tasks read, as globs relative to the workspace root; `!` before one takes it out. */
  files: string[];
}

export interface ExtensionSlice extends Slice {
  kind: 'extension';
  section: ExtensionSection;
  /** `src_dir`, relative to the workspace root. */
  sourceRoot: string;
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
}
