import { avocadoEntries, varPath, varSize } from './var-content';

test.each([
  ['lib/app', 'lib/app'],
  ['/var/lib/app/', 'lib/app'],
  ['var/lib//app', 'lib/app'],
  ['/lib/app', 'lib/app'],
])('%s means %s below /var', (written, path) => {
  expect(varPath(written)).toBe(path);
});

test.each(['', '/', '..', '../etc', 'lib/../../etc', '/var/'])('%j is refused', (written) => {
  expect(() => varPath(written)).toThrow(expect.objectContaining({ code: 'VAR_PATH_INVALID' }));
});

test('an image that two extensions share is there once', () => {
  const source = { path: 'a.raw', sha256: '0', size: 5 };
  const entries = avocadoEntries({ id: 'r', text: '{}' }, [
    { image_id: 'i', source },
    { image_id: 'i', source },
  ]);
  expect(entries.filter(({ path }) => path.startsWith('lib/avocado/images/'))).toHaveLength(1);
  expect(entries.at(-1)).toEqual({ path: 'lib/avocado/active', kind: 'link', target: 'runtimes/r' });
  expect(varSize({ version: 1, entries })).toEqual({ bytes: 7, entries: entries.length });
});
