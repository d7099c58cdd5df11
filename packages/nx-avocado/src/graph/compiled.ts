import { join, posix } from 'node:path';
import type { AvocadoConfig, ExtensionSection } from '@nx-avocado/engine/config';
import { AvocadoError } from '@nx-avocado/engine/error';
import type { CompiledSlice } from './model';
import type { SliceContext } from './slices';

/** A package of an extension that `sdk.compile` makes. */
interface CompiledPackage {
  name: string;
  compile: string;
  install: string;
}

/**
 * The packages that compile tasks make, in the order of the section: by `cargo-cross` where a crate says that it is
 * part of the extension, else by the scripts of avocado.yaml.
 * @throws AvocadoError `CRATE_PACKAGE_UNKNOWN`, `CRATE_PACKAGE_AMBIGUOUS`
 */
export function compiledSlices(
  section: ExtensionSection,
  config: AvocadoConfig,
  sourceRoot: string,
  context: SliceContext,
): CompiledSlice[] {
  const packages = Object.entries(section.packages).flatMap(([name, spec]) =>
    spec.kind === 'compiled' ? [{ name, compile: spec.compile, install: spec.install }] : [],
  );
  const crates = cratesByPackage(section, packages, sourceRoot, context);
  return packages.map((one) => {
    const crate = crates.get(one.name);
    return crate ? cargoCross(one, crate, sourceRoot, context) : sdkCompile(one, config, sourceRoot);
  });
}

type FoundCrate = ReturnType<SliceContext['engine']['findAvocadoCrates']>[number];

/** Crates below `src_dir` that name the extension; only where there are none, those of the whole workspace. */
function cratesByPackage(
  section: ExtensionSection,
  packages: CompiledPackage[],
  sourceRoot: string,
  { engine, crates, workspaceRoot }: SliceContext,
): Map<string, FoundCrate> {
  const named = engine
    .findAvocadoCrates(crates.map((path) => join(workspaceRoot, path)))
    .filter(({ metadata }) => metadata.extension === section.name);
  const below = named.filter(({ directory }) => isBelow(directory, join(workspaceRoot, sourceRoot)));
  const found = new Map<string, FoundCrate>();
  for (const crate of below.length > 0 ? below : named) {
    const name = packageOf(crate, section, packages);
    const other = found.get(name);
    if (other) throw ambiguous(crate, `${other.directory} is package ${name} of extension ${section.name} already`);
    found.set(name, crate);
  }
  return found;
}

function packageOf(crate: FoundCrate, section: ExtensionSection, packages: CompiledPackage[]): string {
  const { package: wanted } = crate.metadata;
  const names = packages.map(({ name }) => name);
  if (wanted !== undefined && names.includes(wanted)) return wanted;
  if (wanted === undefined && names.length > 1) {
    throw ambiguous(crate, `extension ${section.name} has several compiled packages: ${names.join(', ')}`);
  }
  if (wanted === undefined && names[0] !== undefined) return names[0];
  throw new AvocadoError(
    'CRATE_PACKAGE_UNKNOWN',
    `extension ${section.name} has no compiled package${wanted === undefined ? '' : ` ${wanted}`}`,
    {
      position: { file: join(crate.directory, 'Cargo.toml') },
      hint: `Add one to its packages: { compile: <section of sdk.compile>, install: <script> }.`,
    },
  );
}

function ambiguous(crate: FoundCrate, message: string): AvocadoError {
  return new AvocadoError('CRATE_PACKAGE_AMBIGUOUS', message, {
    position: { file: join(crate.directory, 'Cargo.toml') },
    hint: 'Say which: package = "..." in [package.metadata.avocado].',
  });
}

function cargoCross(
  { name }: CompiledPackage,
  crate: FoundCrate,
  sourceRoot: string,
  { engine, workspaceRoot }: SliceContext,
): CompiledSlice {
  const directory = posix.relative(workspaceRoot, crate.directory);
  const inputs = engine.crateInputs(directory, workspaceRoot, sourceRoot === '.' ? '' : sourceRoot);
  const { profile, features } = crate.metadata;
  return {
    via: 'cargo-cross',
    options: { package: name, crate: directory, profile, features, env: {} },
    files: engine.crateGlobs(inputs, workspaceRoot),
  };
}

/** The scripts see all of `src_dir` but what is the business of other tasks. */
function sdkCompile({ name, compile, install }: CompiledPackage, config: AvocadoConfig, sourceRoot: string) {
  const script = config.sdk.compile[compile]?.compile;
  const overlays = [...Object.values(config.extensions), ...Object.values(config.rootfs)].flatMap(({ overlay }) =>
    overlay && posix.normalize(overlay.dir) !== '.' ? [posix.normalize(overlay.dir)] : [],
  );
  const exclude = [...new Set(['.avocado', 'avocado.lock', 'avocado.yaml', 'boot-test.json', ...overlays])].sort();
  return {
    via: 'sdk-compile' as const,
    options: { package: name, section: compile, exclude, ...(script !== undefined && { compile: script }), install },
    files: sources(sourceRoot, exclude),
  };
}

/** Every source file that version control would keep: Nx leaves out what .gitignore and .nxignore name. */
export function sources(sourceRoot: string, exclude: string[]): string[] {
  const inRoot = (path: string): string => posix.join(sourceRoot, path);
  return [inRoot('**/*'), ...exclude.flatMap((path) => [`!${inRoot(path)}`, `!${inRoot(path)}/**/*`])];
}

function isBelow(path: string, directory: string): boolean {
  return path === directory || path.startsWith(`${directory.replace(/\/$/, '')}/`);
}
