import { AvocadoError } from '../error';
import type { Reporter } from '../report';
import { planPrune, pruneStore, total } from './prune';
import { storeEntries } from './entries';

const hours: Record<string, number> = { h: 1, d: 24, w: 7 * 24 };
const bytes: Record<string, number> = { MB: 1e6, GB: 1e9, TB: 1e12, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 };

/** `12h`, `14d`, `2w` in milliseconds. @throws AvocadoError `LIMIT_INVALID` */
export function parseAge(text: string): number {
  const [, number, unit = ''] = /^(\d+)\s*([hdw])$/.exec(text.trim()) ?? [];
  if (number === undefined) throw invalid(`"${text}" is no age`, 'Write for instance 12h, 14d or 2w.');
  return Number(number) * hours[unit]! * 3_600_000;
}

/** `500MB`, `20GB`, `1.5GiB` in bytes. @throws AvocadoError `LIMIT_INVALID` */
export function parseSize(text: string): number {
  const [, number, unit = ''] = /^(\d+(?:\.\d+)?)\s*([MGT]i?B)$/.exec(text.trim()) ?? [];
  if (number === undefined) throw invalid(`"${text}" is no size`, 'Write for instance 500MB or 20GB.');
  return Math.round(Number(number) * bytes[unit]!);
}

export function formatSize(size: number): string {
  if (size < 1e9) return `${(size / 1e6).toFixed(size < 1e7 ? 1 : 0)} MB`;
  return `${(size / 1e9).toFixed(1)} GB`;
}

function invalid(message: string, hint: string): AvocadoError {
  return new AvocadoError('LIMIT_INVALID', message, { hint });
}

/**
 * Keeps the store within `NX_AVOCADO_STORE_LIMIT`, where that is set; at the end of an install, which is when it grows.
 * @throws AvocadoError `LIMIT_INVALID`
 */
export async function applyStoreLimit(reporter: Reporter, env: NodeJS.ProcessEnv = process.env): Promise<void> {
  const limit = env['NX_AVOCADO_STORE_LIMIT'];
  if (!limit) return;
  const maxSize = parseSize(limit);
  const entries = await storeEntries();
  if (planPrune(entries, { maxSize }, Date.now()).length === 0) return;
  const { before, removed } = await pruneStore({ maxSize }, reporter);
  const [was, gone] = [total(before), total(removed)];
  reporter.notice(
    `the store had ${formatSize(was)}, ${limit} are allowed: ${formatSize(gone)} that were not in use are gone`,
  );
  if (was - gone > maxSize) reporter.warn(`the store still has ${formatSize(was - gone)}: running processes hold them`);
}
