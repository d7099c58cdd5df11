import { posix } from 'node:path';
import type { AvocadoConfig, ExtensionSection } from '@nx-avocado/engine/config';

/** What one extension is made of. Paths are relative to `src_dir`, without patterns. */
export interface Claims {
  /** Sections of `sdk.compile`. */
  compile: string[];
  /** Scripts that it runs. */
  scripts: string[];
  /** All that its sections name: scripts, overlay, files. */
  paths: string[];
}

export function claimsOf(section: ExtensionSection, config: AvocadoConfig): Claims {
  const compiled = Object.values(section.packages).flatMap((spec) => (spec.kind === 'compiled' ? [spec] : []));
  const compile = unique(compiled.map((spec) => spec.compile));
  const steps = compile.map((name) => config.sdk.compile[name]);
  const scripts = [
    ...compiled.map(({ install }) => install),
    ...steps.flatMap((step) => [step?.compile, step?.clean]),
    section.post_build,
  ];
  const others = [section.overlay?.dir, ...section.stone_include_paths, ...section.package_files];
  return { compile, scripts: paths(scripts), paths: paths([...scripts, ...others]) };
}

/** What the file names beside its extensions: it stays where it is. */
export function otherPaths(config: AvocadoConfig): string[] {
  const images = [...Object.values(config.rootfs), ...Object.values(config.initramfs)];
  const kernels = Object.values(config.kernel).flatMap((kernel) => (kernel.kind === 'compiled' ? [kernel] : []));
  return paths([
    ...images.flatMap(({ overlay, post_install, source }) => [overlay?.dir, post_install, source?.path]),
    ...Object.values(config.runtimes).flatMap((runtime) => [
      ...runtime.var_files.map(({ source }) => source),
      ...runtime.stone_include_paths,
      runtime.post_build,
    ]),
    ...kernels.flatMap(({ compile, install }) => [config.sdk.compile[compile]?.compile, install]),
  ]);
}

/** Sections of `sdk.compile` that kernels and runtimes use. */
export function otherSections(config: AvocadoConfig): string[] {
  return [
    ...Object.values(config.kernel).flatMap((kernel) => (kernel.kind === 'compiled' ? [kernel.compile] : [])),
    ...Object.values(config.runtimes).flatMap(({ packages }) =>
      Object.values(packages).flatMap((spec) => (spec.kind === 'compiled' ? [spec.compile] : [])),
    ),
  ];
}

/**
 * The entries of `src_dir` that a script begins a path with: `cd app`, `cp "app/x"`, `$AVOCADO_SRC_DIR/app`. What a
 * script reads beside these cannot be told from its text.
 */
export function mentionedEntries(script: string, entries: readonly string[]): string[] {
  const code = script.replace(/^\s*#.*$/gm, '');
  return entries.filter((entry) => {
    const name = entry.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    const start = '(?:^|[\\s"\'=(])(?:\\./|"?\\$\\{?AVOCADO_SRC_DIR(?::\\?)?\\}?"?/)?';
    return new RegExp(`${start}${name}(?=$|[\\s"'/);&|])`, 'm').test(code);
  });
}

/** Without those that are inside of others; sorted. */
export function outermost(all: readonly string[]): string[] {
  return unique(all).filter((path) => !all.some((other) => other !== path && isInside(path, other)));
}

export function isInside(path: string, directory: string): boolean {
  return path === directory || path.startsWith(`${directory}/`);
}

function paths(all: readonly (string | undefined)[]): string[] {
  return unique(all.flatMap((path) => (path === undefined ? [] : [staticPart(path)]))).filter((path) => path !== '.');
}

/** `stone/**` is all that is in `stone`. */
function staticPart(path: string): string {
  const parts = posix.normalize(path).replace(/\/$/, '').split('/');
  const glob = parts.findIndex((part) => /[*?[{]/.test(part));
  return (glob === -1 ? parts : parts.slice(0, glob)).join('/') || '.';
}

function unique(all: readonly string[]): string[] {
  return [...new Set(all)].sort();
}
