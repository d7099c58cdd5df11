import type { Service } from './extension-options';

/** What an extension's program needs, whatever it is written in. */
export interface Program {
  /** Command line of its unit. */
  exec: string;
  /** Packages of the feed that it needs on the device. */
  packages?: string[];
  /** What compiles it; absent where it comes with the overlay as it is. */
  compiled?: {
    /** Packages of the feed that compiling needs in the SDK. */
    sdk: string[];
    /** Packages of the feed that compiling needs in the target's sysroot. */
    sysroot?: string[];
  };
  overlay: boolean;
}

export interface SectionRequest {
  name: string;
  summary: string;
  service: Service;
  /** Replaces the commands that restart the service. */
  onMerge?: string[] | undefined;
  prefix: string;
}

/** An extension's section of avocado.yaml, keys in upstream's usual order. */
export function extensionSection(
  { name, summary, service, onMerge, prefix }: SectionRequest,
  program: Program,
): object {
  const unit = `${name}.service`;
  const merge = onMerge ?? (service === 'none' ? [] : [`systemctl restart --no-block ${unit}`]);
  const shipped = Object.fromEntries((program.packages ?? []).map((key) => [key, '*']));
  const compiled = program.compiled && { [name]: { compile: name, install: `${prefix}install.sh` } };
  return {
    version: '0.1.0',
    summary,
    ...(program.overlay && { overlay: `${prefix}overlay` }),
    ...(service !== 'none' && { enable_services: [unit] }),
    ...(merge.length > 0 && { on_merge: merge }),
    ...(service !== 'none' && { on_unmerge: [`systemctl stop ${unit}`] }),
    ...((compiled ?? program.packages) && { packages: { ...compiled, ...shipped } }),
    ...(program.compiled && { sdk: { packages: any(program.compiled.sdk) } }),
  };
}

/** The part of `sdk.compile` that goes with it. */
export function compileSection({ prefix }: SectionRequest, { compiled }: Program): object | undefined {
  if (!compiled) return undefined;
  return {
    compile: `${prefix}compile.sh`,
    ...(compiled.sysroot && { packages: any(compiled.sysroot) }),
  };
}

function any(packages: string[]): Record<string, string> {
  return Object.fromEntries(packages.map((name) => [name, '*']));
}
