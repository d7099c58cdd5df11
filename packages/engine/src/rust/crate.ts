import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AvocadoError } from '../error';
import { crateMetadata } from './metadata';
import type { CrateMetadata } from './metadata';
import { parseToml, strings, table, text } from './toml';
import type { TomlTable } from './toml';

/** What a Cargo.toml says, as far as it matters here; read without cargo. */
export interface Crate {
  /** Absolute. */
  directory: string;
  manifest: TomlTable;
  /** Absent in the manifest of a virtual workspace. */
  name?: string;
  metadata?: CrateMetadata;
}

/** @throws AvocadoError `CRATE_MISSING`, `TOML_SYNTAX`, `CRATE_METADATA_INVALID` */
export function readCrate(directory: string): Crate {
  const file = join(directory, 'Cargo.toml');
  if (!existsSync(file)) throw new AvocadoError('CRATE_MISSING', `there is no crate in ${directory}: no Cargo.toml`);
  const source = readFileSync(file, 'utf8');
  const manifest = parseToml(source, file);
  const name = text(table(manifest, 'package')['name']);
  const metadata = crateMetadata(manifest, file, source);
  return { directory, manifest, ...(name !== undefined && { name }), ...(metadata && { metadata }) };
}

/**
 * The crates among the given Cargo.toml files (absolute paths) that say which extension they are part of, in the
 * order of the files.
 */
export function findAvocadoCrates(files: readonly string[]): (Crate & { metadata: CrateMetadata })[] {
  return files.flatMap((file) => {
    // A cheap look first: most manifests of a big workspace have nothing to say about Avocado.
    if (!readFileSync(file, 'utf8').includes('avocado')) return [];
    const { metadata, ...crate } = readCrate(join(file, '..'));
    return metadata ? [{ ...crate, metadata }] : [];
  });
}

/**
 * The names of a crate's binaries, sorted: declared and discovered ones, as cargo finds them, less those whose
 * `required-features` are not all among `features`.
 */
export function binaryNames({ directory, manifest, name }: Crate, features: readonly string[] = []): string[] {
  const names = new Set<string>();
  const pack = table(manifest, 'package');
  if (pack['autobins'] !== false) {
    if (name !== undefined && existsSync(join(directory, 'src/main.rs'))) names.add(name);
    for (const found of discover(join(directory, 'src/bin'))) names.add(found);
  }
  const declared = Array.isArray(manifest['bin']) ? manifest['bin'] : [];
  const active = activeFeatures(manifest, features);
  for (const bin of declared.map((value) => table(value))) {
    const declaredName = text(bin['name']) ?? name;
    if (declaredName === undefined) continue;
    // A declared binary takes the place of the one that cargo would find at its path.
    if (bin['path'] === 'src/main.rs' && name !== undefined) names.delete(name);
    const other = /^src\/bin\/([^/]+)(?:\.rs|\/main\.rs)$/.exec(text(bin['path']) ?? '')?.[1];
    if (other !== undefined) names.delete(other);
    if (strings(bin['required-features']).every((feature) => active.has(feature))) names.add(declaredName);
    else names.delete(declaredName);
  }
  return [...names].sort();
}

function discover(directory: string): string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    if (entry.isDirectory()) return existsSync(join(directory, entry.name, 'main.rs')) ? [entry.name] : [];
    return entry.name.endsWith('.rs') ? [entry.name.slice(0, -3)] : [];
  });
}

function activeFeatures(manifest: TomlTable, wanted: readonly string[]): Set<string> {
  const features = table(manifest, 'features');
  const active = new Set<string>();
  const queue = ['default', ...wanted];
  for (let feature = queue.pop(); feature !== undefined; feature = queue.pop()) {
    if (active.has(feature)) continue;
    active.add(feature);
    queue.push(...strings(features[feature]));
  }
  return active;
}
