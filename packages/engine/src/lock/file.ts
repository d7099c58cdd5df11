import { readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AvocadoError } from '../error';
import { writeFileAtomic } from '../store';
import { lockVersion, migrateLock } from './migrate';
import type { Lock } from './types';

export const lockName = 'avocado.lock';
/** Where an older avocado CLI keeps it, beside the avocado.yaml: read where there is no other, gone once that is written. */
export const legacyLockName = '.avocado/lock.json';

export function emptyLock(): Lock {
  return { version: lockVersion, targets: {}, debian: {} };
}

/**
 * The lock at `path`, else the one of an older avocado CLI; an empty one where there is none.
 * @throws AvocadoError `LOCK_INVALID`, `LOCK_TOO_NEW`
 */
export async function readLock(path: string): Promise<Lock> {
  for (const file of [path, join(dirname(path), legacyLockName)]) {
    const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
      throw new AvocadoError('LOCK_INVALID', `cannot read the lock: ${error.message}`, { position: { file } });
    });
    if (text !== undefined) return parseLock(text, file);
  }
  return emptyLock();
}

/** @param path for messages */
export function parseLock(text: string, path: string): Lock {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw invalid('the lock is not JSON', { file: path, line: errorLine(text, cause) }, cause);
  }
  if (!isRecord(value)) throw invalid('the lock must be a JSON object', { file: path, line: 1 });
  const line = lineOf(text, 'version');
  const { version = 1 } = value;
  if (typeof version === 'number' && version > lockVersion) {
    throw new AvocadoError('LOCK_TOO_NEW', `the lock has version ${version}; this nx-avocado reads ${lockVersion}`, {
      position: { file: path, line },
      hint: 'Update @nx-avocado/engine, or make the lock again with this one: delete it and run nx sync.',
    });
  }
  if (typeof version !== 'number' || !Number.isInteger(version) || version < 1) {
    throw invalid(`the lock must have "version": ${lockVersion}`, { file: path, line });
  }
  for (const key of ['targets', 'debian', 'rpm']) {
    const part = value[key] ?? {};
    if (!isRecord(part) || !Object.values(part).every(isRecord)) {
      throw invalid(`"${key}" of the lock must be an object of objects`, { file: path, line: lineOf(text, key) });
    }
  }
  return { targets: {}, debian: {}, ...(version < lockVersion ? migrateLock(value) : value) } as Lock;
}

function invalid(message: string, position: { file: string; line: number | undefined }, cause?: unknown): AvocadoError {
  const hint = 'Take it from version control again (resolve a merge conflict first), or delete it and run nx sync.';
  return new AvocadoError('LOCK_INVALID', message, { position, hint, cause });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

function lineOf(text: string, key: string): number | undefined {
  const index = text.indexOf(`"${key}"`);
  return index < 0 ? 1 : text.slice(0, index).split('\n').length;
}

/** V8 names an offset, a line, or a piece of the text; a merge conflict's marker is the likeliest cause of all. */
function errorLine(text: string, error: unknown): number {
  const lines = text.split('\n');
  const marker = lines.findIndex((line) => /^(<<<<<<<|=======|>>>>>>>)/.test(line));
  if (marker >= 0) return marker + 1;
  const offset = /at position (\d+)/.exec(String(error))?.[1];
  return offset === undefined ? lines.length : text.slice(0, Number(offset)).split('\n').length;
}

/**
 * The lock as text: keys sorted, one package a line, so that a moved pin is a line's change.
 * Files that no pin names any more are left out.
 */
export function formatLock(lock: Lock): string {
  const used = new Set<string>();
  collectPins(lock.targets, used);
  const debian = Object.fromEntries(
    Object.entries(lock.debian).filter(([key]) => used.has(key.slice(0, key.lastIndexOf('_')))),
  );
  const { version, distro_release, targets, rpm } = lock;
  const parts = { version, distro_release, targets, debian, rpm };
  const there = Object.entries(parts).filter(([, part]) => part !== undefined);
  const lines = there.map(([key, part]) => `  ${JSON.stringify(key)}: ${formatValue(part, '  ')}`);
  return `{\n${lines.join(',\n')}\n}\n`;
}

/** Every `<name>_<version>` below `value`: a string that is a key's value is a version. */
function collectPins(value: unknown, used: Set<string>): void {
  if (!isRecord(value)) return;
  for (const [key, part] of Object.entries(value)) {
    if (typeof part === 'string') used.add(`${key}_${part}`);
    else if (key !== 'requests' && key !== 'source') collectPins(part, used);
  }
}

function formatValue(value: unknown, indent: string): string {
  const isFile = isRecord(value) && typeof value['sha256'] === 'string';
  if (!isRecord(value) || isFile) return JSON.stringify(value).replaceAll('","', '", "').replaceAll('":', '": ');
  const entries = Object.entries(value).filter(([, part]) => part !== undefined);
  if (entries.length === 0) return '{}';
  const lines = entries
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, part]) => `${indent}  ${JSON.stringify(key)}: ${formatValue(part, `${indent}  `)}`);
  return `{\n${lines.join(',\n')}\n${indent}}`;
}

/** Old or new, never half. The caller holds `lockGuard(path)` from its read to this write. */
export async function writeLock(path: string, lock: Lock): Promise<void> {
  await writeFileAtomic(path, formatLock(lock));
  await rm(join(dirname(path), legacyLockName), { force: true });
}
