import { matchesAny } from './glob';

test.each([
  ['var/lib/docker/**', 'var/lib/docker/a/b', true],
  ['var/lib/docker/**', 'var/lib/docker2/a', false],
  ['var/lib/app', 'var/lib/app/data/x', true],
  ['/var/lib/app/', 'var/lib/app/x', true],
  ['**/*.conf', 'a.conf', true],
  ['**/*.conf', 'etc/app/a.conf', true],
  ['*.conf', 'etc/a.conf', false],
  ['etc/?.conf', 'etc/a.conf', true],
  ['etc/?.conf', 'etc/ab.conf', false],
  ['etc/{a,b*}.conf', 'etc/bcd.conf', true],
  ['etc/{a,b}.conf', 'etc/c.conf', false],
  ['etc/[a-c].conf', 'etc/b.conf', true],
  ['etc/[!a-c].conf', 'etc/b.conf', false],
  ['etc/a.conf', 'etc/aXconf', false],
  ['etc/(a+)$', 'etc/(a+)$', true],
  ['etc/\\*', 'etc/x', false],
])('%s, %s: %s', (pattern, path, matches) => {
  expect(matchesAny(path, [pattern])).toBe(matches);
});
