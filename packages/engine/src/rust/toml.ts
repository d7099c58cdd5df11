import { readFileSync } from 'node:fs';
import { parse, TomlError } from 'smol-toml';
import { AvocadoError } from '../error';

export type TomlTable = Record<string, unknown>;

/** @throws AvocadoError `TOML_SYNTAX` with its position */
export function parseToml(text: string, file: string): TomlTable {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    throw new AvocadoError(
      'TOML_SYNTAX',
      (error.message.split('\n')[0] ?? '').replace(/^Invalid TOML document: /, ''),
      {
        position: { file, line: error.line, column: error.column },
      },
    );
  }
}

/** @returns undefined where there is no such file */
export function readToml(file: string): TomlTable | undefined {
  try {
    return parseToml(readFileSync(file, 'utf8'), file);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}

/** The table at a path of keys; empty where there is none. */
export function table(value: unknown, ...keys: string[]): TomlTable {
  let found: unknown = value;
  for (const key of keys) found = isTable(found) ? found[key] : undefined;
  return isTable(found) ? found : {};
}

export function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

export function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function isTable(value: unknown): value is TomlTable {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}
