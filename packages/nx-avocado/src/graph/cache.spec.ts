import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ResolvedCache } from './cache';
import type { ResolvedFile } from './model';
import { recordReads } from './reads';

let root: string;
let path: string;
const resolved: ResolvedFile = { machines: ['qemux86-64'], projects: [], reads: [] };

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'nx-avocado-cache-'));
  path = join(root, 'cache.json');
  writeFileSync(join(root, 'avocado.yaml'), 'a: 1');
  delete process.env['NX_AVOCADO_TEST'];
});
afterEach(() => rmSync(root, { recursive: true }));

function fill(value = resolved): void {
  const reads = recordReads(root, [join(root, 'avocado.yaml'), join(root, 'avocado.lock')], ['NX_AVOCADO_TEST']);
  const cache = new ResolvedCache(root, path);
  cache.set('avocado.yaml', 'key', value, reads);
  cache.write();
}

const look = (key = 'key') => new ResolvedCache(root, path).get('avocado.yaml', key);

test('a resolution is found again while all that it read is the same', () => {
  fill();
  expect(look()).toEqual(resolved);
  expect(look('other')).toBeUndefined();
});

test.each<[string, () => void]>([
  ['the file', () => writeFileSync(join(root, 'avocado.yaml'), 'a: 2')],
  ['a file that did not exist', () => writeFileSync(join(root, 'avocado.lock'), '{}')],
  ['a variable', () => void (process.env['NX_AVOCADO_TEST'] = '1')],
  ['a damaged cache', () => writeFileSync(path, readFileSync(path).subarray(0, 20))],
])('%s: it is not', (_what, change) => {
  fill();
  change();
  expect(look()).toBeUndefined();
});

test('a file that does not load is not kept', () => {
  fill({ ...resolved, error: 'avocado.yaml:1:1: wrong' });
  expect(look()).toBeUndefined();
});
