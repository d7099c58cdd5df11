import { mkdir, rename, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { AvocadoError } from '../error';
import type { Reporter } from '../report';
import { markUsed, sha256File, storePath, use, withTemporaryDirectory } from '../store';
import { findMirror, mirrorUri } from './mirror';
import { runTool } from './run';
import type { PackagePin } from './types';

const helper = '/usr/lib/apt/apt-helper';
/** Packages for one call of apt's downloader, which keeps its connection open; and calls at a time. */
const batchSize = 16;
const parallel = 4;

export interface FetchOptions {
  reporter: Reporter;
  signal?: AbortSignal | undefined;
}

export function debPath(pin: PackagePin): string {
  return storePath('debs', `${pin.sha256}.deb`);
}

/**
 * Sees to it that the store holds every package, with the right bytes: one that is there is proved, not trusted.
 * @throws AvocadoError `PIN_VANISHED`, `PACKAGE_CORRUPT`, `FEED_UNREACHABLE`, `DISK_FULL`
 */
export async function fetchPackages(pins: PackagePin[], { reporter, signal }: FetchOptions): Promise<void> {
  await use('debs');
  await mkdir(storePath('debs'), { recursive: true });
  const missing: PackagePin[] = [];
  await inParallel(pins, parallel, async (pin) => {
    if (!(await isIntact(debPath(pin), pin))) missing.push(pin);
    else markUsed('debs', basename(debPath(pin)));
  });
  if (missing.length === 0) return;
  const mirror = (await findMirror(process.env, '/etc/apt', signal)).uri;
  const bytes = missing.reduce((sum, { size }) => sum + size, 0);
  const step = reporter.step(`fetch ${missing.length} Debian packages (${Math.ceil(bytes / 1e6)} MB)`);
  let fetched = 0;
  // Large ones first, and dealt out in turn: no call is left alone with all of them.
  missing.sort((a, b) => b.size - a.size || (a.sha256 < b.sha256 ? -1 : 1));
  const count = Math.max(Math.ceil(missing.length / batchSize), Math.min(parallel, missing.length));
  const batches = Array.from({ length: count }, (_, n) => missing.filter((_pin, index) => index % count === n));
  await inParallel(batches, parallel, async (batch) => {
    await fetchBatch(mirror, batch, signal);
    step.update(`${(fetched += batch.length)} of ${missing.length} packages`);
  });
  step.done();
}

async function isIntact(path: string, pin: PackagePin): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found?.size === pin.size && (await sha256File(path)) === pin.sha256;
}

async function fetchBatch(mirror: string, batch: PackagePin[], signal: AbortSignal | undefined): Promise<void> {
  // apt leaves files of its own beside what it could not fetch.
  await withTemporaryDirectory(storePath('debs'), async (directory) => {
    const temporary = (pin: PackagePin): string => join(directory, `${pin.sha256}.deb`);
    const files = batch.flatMap((pin) => [mirrorUri(mirror, pin.filename), temporary(pin), `SHA256:${pin.sha256}`]);
    const result = await runTool([helper, '-o', 'APT::Sandbox::User=root', 'download-file', ...files], { signal });
    let failed: PackagePin | undefined;
    for (const pin of batch) {
      if (await isIntact(temporary(pin), pin)) await rename(temporary(pin), debPath(pin));
      else failed ??= pin;
    }
    if (failed) throw fetchError(failed, result.stderr);
  });
}

function fetchError(pin: PackagePin, output: string): AvocadoError {
  const name = `${pin.name} ${pin.version}`;
  const errors = output
    .split('\n')
    .filter((line) => line.startsWith('E:'))
    .join('\n');
  const own = errors.split('\n').filter((line) => line.includes(encodeURIComponent(pin.name)));
  const text = own.join('\n') || errors;
  if (/No space left on device/.test(errors)) return diskFull();
  if (/Hash Sum mismatch|unexpected size/i.test(text)) {
    return new AvocadoError('PACKAGE_CORRUPT', `the mirror's ${name} is not the package that the lock names`, {
      output: text,
      hint: 'Try again later or with another mirror (NX_AVOCADO_DEBIAN_MIRROR). If it stays so, do not trust that mirror.',
    });
  }
  if (/\b404\b|\b410\b|File not found/.test(text)) {
    return new AvocadoError('PIN_VANISHED', `the mirror no longer has ${name}, which avocado.lock pins`, {
      hint: 'Move the lock on: nx sync. Or keep the pin and set NX_AVOCADO_DEBIAN_MIRROR to a snapshot mirror.',
    });
  }
  return new AvocadoError('FEED_UNREACHABLE', `cannot fetch ${name}`, {
    output: text,
    hint: "Check the network and this machine's apt configuration, or set NX_AVOCADO_DEBIAN_MIRROR.",
  });
}

export function diskFull(cause?: unknown): AvocadoError {
  return new AvocadoError('DISK_FULL', `no space left for the store at ${storePath('debs', '..')}`, {
    hint: 'Free some space (everything in the store can be deleted), or set NX_AVOCADO_STORE to a larger disk.',
    cause,
  });
}

/** Runs `work` on each item, at most `limit` at a time; after a failure no further one is started. */
export async function inParallel<T>(items: T[], limit: number, work: (item: T) => Promise<void>): Promise<void> {
  const queue = items.values();
  let failed = false;
  const worker = async (): Promise<void> => {
    for (const item of queue) {
      if (failed) return;
      try {
        await work(item);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  const results = await Promise.allSettled(Array.from({ length: Math.min(limit, items.length) }, worker));
  const first = results.find((result) => result.status === 'rejected');
  if (first) throw first.reason;
}
