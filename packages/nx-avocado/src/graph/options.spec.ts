import { normaliseOptions } from './options';

test('defaults, and a package map in both of its forms', () => {
  expect(normaliseOptions(undefined)).toEqual({ feed: 'debian', runner: 'sandbox', lock: 'strict', packages: {} });
  expect(normaliseOptions({ lock: 'refresh', packages: { a: 'b', c: ['d', 'e'] } })).toMatchObject({
    lock: 'refresh',
    packages: { a: ['b'], c: ['d', 'e'] },
  });
});

test.each<[unknown, string, string]>([
  [{ feeds: 'debian' }, 'OPTIONS_INVALID', 'Known are feed, runner, lock'],
  [{ lock: 'loose' }, 'OPTIONS_INVALID', 'strict, refresh'],
  [{ packages: { a: 1 } }, 'OPTIONS_INVALID', 'a list of feed names'],
  ['debian', 'OPTIONS_INVALID', 'Write for instance'],
  [{ feed: 'avocado' }, 'OPTIONS_INVALID', '"runner": "docker"'],
  [{ runner: 'podman' }, 'OPTIONS_INVALID', 'sandbox, docker'],
])('%j is refused', (options, code, hint) => {
  expect(() => normaliseOptions(options)).toThrow(
    expect.objectContaining({ code, hint: expect.stringContaining(hint), position: { file: 'nx.json' } }),
  );
});
