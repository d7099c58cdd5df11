import { possibleNames, projectNames, projectRoot } from './names';
import type { Nameable } from './names';

const extension = (name: string, folder: string): Nameable => ({ kind: 'extension', name, folder });
const runtime = (name: string, folder: string): Nameable => ({ kind: 'runtime', name, folder });

test.each<[string, Nameable[], string[]]>([
  ['unique names stay', [runtime('dev', 'a'), extension('app', 'a')], ['dev', 'app']],
  ['all that collide get their folder', [runtime('dev', 'x/a'), runtime('dev', 'x/b')], ['a-dev', 'b-dev']],
  ['folders of one name: the whole path', [runtime('dev', 'x/os'), runtime('dev', 'y/os')], ['x-os-dev', 'y-os-dev']],
  ['one file, one name, two kinds', [runtime('dev', 'a'), extension('dev', 'a')], ['a-dev-runtime', 'a-dev-extension']],
  ['the workspace root', [runtime('dev', '.'), runtime('dev', 'a')], ['workspace-dev', 'a-dev']],
  [
    'a name that another one is raised to',
    [runtime('dev', 'x/a'), runtime('dev', 'x/b'), extension('a-dev', 'x/c')],
    ['x-a-dev', 'b-dev', 'c-a-dev'],
  ],
])('%s', (_title, items, expected) => {
  expect(projectNames(items)).toEqual(expected);
  expect(projectNames([...items].reverse())).toEqual([...expected].reverse());
});

test('the names of other projects are theirs, at every step', () => {
  const items = [runtime('dev', 'x/a'), extension('app', 'x/a')];
  const names = (...taken: string[]): string[] => projectNames(items, new Set(taken));
  expect(names('other')).toEqual(['dev', 'app']);
  expect(names('app')).toEqual(['dev', 'a-app']);
  expect(names('app', 'a-app', 'x-a-app')).toEqual(['dev', 'x-a-app-extension']);
  const possible = possibleNames(items);
  expect(names(...possible).filter((name) => possible.has(name))).toEqual([]);
  const alike = [extension('c', 'a-b'), extension('b-c', 'a')];
  expect(new Set(projectNames(alike, new Set(['c', 'b-c']))).size).toBe(2);
});

test('a root is below .avocado beside the file, and one of its own where two kinds share a name', () => {
  const app = extension('app', 'a');
  expect(projectRoot(app, [app])).toBe('a/.avocado/app');
  expect(projectRoot(app, [app, runtime('app', 'a')])).toBe('a/.avocado/app-extension');
  expect(projectRoot(extension('app', '.'), [])).toBe('.avocado/app');
});
