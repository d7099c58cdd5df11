import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { silentReporter } from '../report';
import { applyStoreLimit, formatSize, parseAge, parseSize } from './limits';
import { withLock } from './lock';
import { planPrune, pruneStore, total } from './prune';
import { storeEntries } from './entries';
import type { StoreEntry } from './entries';
import { pruneLock, pruningMark, use } from './use';

const day = 86_400_000;
let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'prune-'));
  process.env['NX_AVOCADO_STORE'] = directory;
});
afterEach(() => {
  delete process.env['NX_AVOCADO_STORE'];
  rmSync(directory, { recursive: true, force: true });
});

/** A file of the store, last changed so many days ago. */
function put(path: string, days: number, size = 1000): void {
  const at = join(directory, path);
  mkdirSync(dirname(at), { recursive: true });
  writeFileSync(at, 'x'.repeat(size));
  const [area = '', entry = ''] = path.split('/');
  const then = new Date(Date.now() - days * day);
  for (const one of [at, join(directory, area, entry)]) utimesSync(one, then, then);
}

const there = (path: string): boolean => existsSync(join(directory, path));
const names = (entries: StoreEntry[]): string[] => entries.map(({ area, name }) => `${area}/${name}`);
/** No process has such a number. */
const killed = 4194305;

describe('what goes', () => {
  const entry = (name: string, used: number, more: Partial<StoreEntry> = {}): StoreEntry => ({
    ...{ area: 'roots', name, paths: [name], size: 10, used, held: false, stale: false },
    ...more,
  });
  const entries = [
    entry('new', 95),
    entry('old', 10),
    entry('older, held', 5, { held: true }),
    entry('left behind', 99, { stale: true }),
    entry('middle', 50),
  ];

  test.each([
    ['nothing is asked: what is of no use', {}, ['left behind']],
    ['an age', { olderThan: 60 }, ['old', 'left behind']],
    ['a size: the least recently used first', { maxSize: 20 }, ['left behind', 'old', 'middle']],
    ['a size that is kept', { maxSize: 40 }, ['left behind']],
    ['a size that what is held does not leave', { maxSize: 0 }, ['left behind', 'old', 'middle', 'new']],
    ['both', { olderThan: 60, maxSize: 30 }, ['old', 'left behind']],
  ])('%s', (_what, rules, expected) => {
    expect(planPrune(entries, rules, 100).map(({ name }) => name)).toEqual(expected);
  });
});

test('takes what was not used for long, and what killed processes left; marks of use count, not times of files', async () => {
  put('roots/old/usr/bin/x', 30);
  put('roots/used/usr/bin/x', 30);
  put('debs/old.deb', 30);
  put('debs/new.deb', 1);
  put('disks/old.raw', 30);
  put('disks/old.raw.json', 1);
  put(`work/.tmp-work-${killed}-0123456789ab/half`, 0);
  put(`work/.tmp-work-${process.pid}-0123456789ab/half`, 30);
  put('used/roots-used', 2);
  put('used/roots-old', 20);
  put(`used/roots-old.${killed}`, 0);
  put('locks/root-old', 30);
  const { before, removed } = await pruneStore({ olderThan: 14 * day }, silentReporter);
  expect(names(removed).sort()).toEqual(
    ['debs/old.deb', 'disks/old.raw', 'roots/old', `work/.tmp-work-${killed}-0123456789ab`].sort(),
  );
  expect(before).toHaveLength(6);
  expect(total(removed)).toBeGreaterThanOrEqual(4 * 1000);
  for (const path of ['roots/used', 'debs/new.deb', 'locks/root-old', `work/.tmp-work-${process.pid}-0123456789ab`]) {
    expect([path, there(path)]).toEqual([path, true]);
  }
  for (const path of [
    'roots/old',
    'disks/old.raw',
    'disks/old.raw.json',
    'used/roots-old',
    `used/roots-old.${killed}`,
  ]) {
    expect([path, there(path)]).toEqual([path, false]);
  }
});

test('never what a running process holds, one entry or a whole area', async () => {
  const other = spawn('sleep', ['1000']);
  try {
    for (const path of ['roots/a/x', 'roots/b/x', 'debs/a.deb', 'rpms/a.rpm', 'git/a/x']) put(path, 99);
    put(`used/roots-a.${other.pid}`, 99);
    put(`used/debs-.${other.pid}`, 99);
    await use('git', 'a');
    const { removed } = await pruneStore({ maxSize: 0 }, silentReporter);
    expect(names(removed).sort()).toEqual(['roots/b', 'rpms/a.rpm']);
    expect((await storeEntries()).map(({ name, held }) => [name, held])).toEqual([
      ['a', true],
      ['a.deb', true],
      ['a', true],
    ]);
  } finally {
    other.kill('SIGKILL');
  }
});

test('an entry that is about to be used waits for a pruning under way, and for none that was killed', async () => {
  mkdirSync(join(directory, 'locks'));
  let used = false;
  await withLock(pruneLock(), async () => {
    writeFileSync(pruningMark(), '');
    const waiting = use('roots', 'a').then(() => (used = true));
    // The mark is there before anything is waited for.
    expect([there(`used/roots-a.${process.pid}`), used]).toEqual([true, false]);
    await Promise.race([waiting, new Promise((resolve) => setTimeout(resolve, 200))]);
    expect(used).toBe(false);
  });
  // That one went without taking its mark away, as one that is killed does.
  await use('roots', 'b');
  expect(there('locks/pruning')).toBe(false);
});

test('directories that nobody may write to go too', async () => {
  put('work/key/cargo/locked/x', 99);
  chmodSync(join(directory, 'work/key/cargo/locked'), 0o555);
  const { removed } = await pruneStore({ olderThan: day }, silentReporter);
  expect([names(removed), there('work/key')]).toEqual([['work/key'], false]);
});

test('the limit of the environment is kept, and one line says so', async () => {
  const notices: string[] = [];
  const reporter = { ...silentReporter, notice: (message: string) => void notices.push(message) };
  put('debs/old.deb', 9, 3e6);
  put('debs/new.deb', 1, 1e6);
  await applyStoreLimit(reporter, {});
  await applyStoreLimit(reporter, { NX_AVOCADO_STORE_LIMIT: '5MB' });
  expect([there('debs/old.deb'), notices]).toEqual([true, []]);
  await applyStoreLimit(reporter, { NX_AVOCADO_STORE_LIMIT: '2MB' });
  expect([there('debs/old.deb'), there('debs/new.deb')]).toEqual([false, true]);
  expect(notices).toEqual(['the store had 4.0 MB, 2MB are allowed: 3.0 MB that were not in use are gone']);
  await expect(applyStoreLimit(reporter, { NX_AVOCADO_STORE_LIMIT: '2' })).rejects.toMatchObject({
    code: 'LIMIT_INVALID',
    hint: expect.stringContaining('20GB'),
  });
});

test('ages and sizes', () => {
  expect(['12h', '14d', '2w'].map(parseAge)).toEqual([day / 2, 14 * day, 14 * day]);
  expect(['500MB', '20GB', '1.5GiB'].map(parseSize)).toEqual([5e8, 2e10, 1.5 * 2 ** 30]);
  expect([1234567, 45_000_000, 3_210_000_000].map(formatSize)).toEqual(['1.2 MB', '45 MB', '3.2 GB']);
  for (const text of ['', '14', 'd', '-1d', '1m']) expect(() => parseAge(text)).toThrow('is no age');
  for (const text of ['', '20', 'GB', '20gb', '-1GB']) expect(() => parseSize(text)).toThrow('is no size');
});
