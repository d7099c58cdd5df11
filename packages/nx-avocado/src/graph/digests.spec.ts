import { chmodSync, mkdtempSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FileDigests, digestOf } from './digests';
import type { KnownDigests } from './digests';
import { stampOf } from './stamp';

let root: string;
let path: string;
const wrong = '0'.repeat(64);

/** What an earlier start knows of the file as it is now, but for a digest that only a file which is not read can have. */
const before = (): KnownDigests => ({ 'avocado.yaml': [stampOf(path)?.text ?? '', wrong] });

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'nx-avocado-digests-'));
  path = join(root, 'avocado.yaml');
  writeFileSync(path, 'a: 1');
});
afterEach(() => {
  jest.restoreAllMocks();
  rmSync(root, { recursive: true });
});

test('a file with its old stamp is not read again', () => {
  expect(new FileDigests(root, before()).of('avocado.yaml')).toBe(wrong);
});

test.each<[string, () => void]>([
  ['other content of the same size', () => writeFileSync(path, 'a: 2')],
  ['another mode', () => chmodSync(path, 0o600)],
  [
    'other content with the old time of writing',
    () => {
      const { atime, mtime } = statSync(path);
      writeFileSync(path, 'a: 3');
      utimesSync(path, atime, mtime);
    },
  ],
  [
    'another file in its place',
    () => {
      rmSync(path);
      writeFileSync(path, 'a: 1');
    },
  ],
])('%s: it is', (_what, change) => {
  const known = before();
  waitATick(path);
  change();
  expect(new FileDigests(root, known).of('avocado.yaml')).toBe(digestOf(path));
});

test('what changed a moment ago is not told by its stamp: a second change might have the same', () => {
  const digests = new FileDigests(root, {});
  expect(digests.of('avocado.yaml')).toBe(digestOf(path));
  expect(digests.known).toEqual({});
  jest.spyOn(Date, 'now').mockReturnValue(Date.now() + 60_000);
  const later = new FileDigests(root, {});
  later.of('avocado.yaml');
  expect(later.known).toEqual({ 'avocado.yaml': [stampOf(path)?.text, digestOf(path)] });
  expect(later.changed).toBe(true);
});

test('a file that is not there has none', () => {
  expect(new FileDigests(root, {}).of('avocado.lock')).toBeNull();
});

/** Until the file system's clock is past the file's change. */
function waitATick(file: string): void {
  const { ctimeMs } = statSync(file);
  const probe = join(root, 'probe');
  do writeFileSync(probe, '');
  while (statSync(probe).ctimeMs <= ctimeMs);
}
