import { AvocadoError } from '../error';
import { strings, table, text } from './toml';
import type { TomlTable } from './toml';

/**
 * `[package.metadata.avocado]` of a crate's Cargo.toml: says which package of which extension the crate is, so that
 * `cargo-cross` builds it instead of the section's scripts.
 */
export interface CrateMetadata {
  /** Name of the extension in avocado.yaml. */
  extension: string;
  /** Key in the extension's `packages`; needed only where it has several. */
  package?: string;
  /** Cargo profile; default `release`. */
  profile: string;
  features: string[];
  /** Where to install which binary, relative to the extension's sysroot; default: every one in `usr/bin`. */
  bins?: Record<string, string>;
  /** Files and directories outside the crate that its build reads, relative to the crate. */
  inputs: string[];
}

const known = ['extension', 'package', 'profile', 'features', 'bins', 'inputs'];

/** @throws AvocadoError `CRATE_METADATA_INVALID` at the table's line */
export function crateMetadata(manifest: TomlTable, file: string, source: string): CrateMetadata | undefined {
  const metadata = table(manifest, 'package', 'metadata');
  if (!('avocado' in metadata)) return undefined;
  const avocado = table(metadata, 'avocado');
  const invalid = (message: string, key?: string): AvocadoError =>
    new AvocadoError('CRATE_METADATA_INVALID', `[package.metadata.avocado]: ${message}`, {
      position: { file, line: lineOf(source, key) },
      hint: `Known keys: ${known.join(', ')}.`,
    });
  for (const key of Object.keys(avocado)) if (!known.includes(key)) throw invalid(`unknown key ${key}`, key);
  for (const key of ['package', 'profile']) {
    if (key in avocado && !text(avocado[key])) throw invalid(`${key} must be a string`, key);
  }
  for (const key of ['features', 'inputs']) {
    const value = avocado[key];
    if (key in avocado && (!Array.isArray(value) || strings(value).length !== value.length)) {
      throw invalid(`${key} must be a list of strings`, key);
    }
  }
  const extension = text(avocado['extension']);
  if (!extension) throw invalid('extension must name the extension that the crate is part of', 'extension');
  const bins = 'bins' in avocado ? installMap(avocado['bins'], invalid) : undefined;
  return {
    extension,
    ...(typeof avocado['package'] === 'string' && { package: avocado['package'] }),
    profile: text(avocado['profile']) ?? 'release',
    features: strings(avocado['features']),
    ...(bins && { bins }),
    inputs: strings(avocado['inputs']),
  };
}

function installMap(value: unknown, invalid: (message: string, key?: string) => AvocadoError): Record<string, string> {
  const map = table(value);
  const entries = Object.entries(map).map(([name, path]): [string, string] => {
    if (typeof path !== 'string') throw invalid(`bins.${name} must be the path to install it at`, 'bins');
    const relative = path.replace(/^\/+/, '');
    if (relative === '' || relative.split('/').some((part) => part === '..' || part === '.' || part === '')) {
      throw invalid(`bins.${name}: ${path} is no path of a file below the extension's root`, 'bins');
    }
    return [name, relative];
  });
  if (entries.length === 0)
    throw invalid('bins must map names of binaries to paths, as { app = "usr/bin/app" }', 'bins');
  return Object.fromEntries(entries);
}

/** The key's line inside the table, else the table's own: TOML values carry no positions. */
function lineOf(source: string, key?: string): number {
  const lines = source.split('\n');
  const header = lines.findIndex((line) => /^\s*\[\s*package\.metadata\.avocado\b/.test(line));
  if (header === -1) return 1;
  const within = key ? lines.findIndex((line, index) => index > header && line.trimStart().startsWith(key)) : -1;
  return (within === -1 ? header : within) + 1;
}
