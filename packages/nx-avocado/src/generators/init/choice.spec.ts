import { choose } from './choice';
import type { Host } from './host';

const ready: Host = {
  platform: 'linux',
  architecture: 'x64',
  isRoot: false,
  hasSudo: true,
  hasApt: true,
  user: 'ada',
  missing: [],
  restrictedByAppArmor: false,
  hasSubordinateIds: true,
};

test('a machine that has all is told so', () => {
  const { options, reasons, problems } = choose(ready, {});
  expect(options).toEqual({ feed: 'debian', runner: 'sandbox', lock: 'strict' });
  expect(reasons[1]).toMatch(/this machine has all that it needs/);
  expect(problems).toEqual([]);
});

test.each<[string, Partial<Host>, RegExp, RegExp]>([
  [
    'packages',
    { missing: ['bubblewrap', 'mmdebstrap'] },
    /missing: bubblewrap, mmdebstrap/,
    /^sudo apt-get update && sudo apt-get install --yes --no-install-recommends bubblewrap mmdebstrap$/,
  ],
  ['packages, as root', { missing: ['bubblewrap'], isRoot: true }, /bubblewrap/, /^apt-get update && apt-get install/],
  ['packages, without sudo', { missing: ['bubblewrap'], hasSudo: false }, /bubblewrap/, /^su - -c 'apt-get update && /],
  ['packages, without apt', { missing: ['apt', 'bubblewrap'], hasApt: false }, /apt, bubblewrap/, /package manager of/],
  ['user namespaces', { namespaceError: 'denied' }, /namespace: denied/, /--privileged/],
  [
    'user namespaces on Ubuntu',
    { namespaceError: 'x', restrictedByAppArmor: true },
    /x/,
    /^sudo sysctl -w kernel\.app/,
  ],
  [
    'subordinate ids',
    { hasSubordinateIds: false },
    /ada has no subordinate ids/,
    /^sudo usermod --add-subuids .* ada /,
  ],
  ['Linux', { platform: 'darwin', architecture: 'arm64', missing: ['apt'] }, /is darwin on arm64/, /virtual one or CI/],
  ['a processor', { architecture: 'riscv64' }, /is linux on riscv64/, /CI/],
])('a machine that lacks %s is told what to do', (_name, lacks, what, fix) => {
  const { reasons, problems } = choose({ ...ready, ...lacks }, {});
  expect(reasons[1]).toMatch(/lacks something/);
  expect(problems).toHaveLength(1);
  expect(problems[0]?.what).toMatch(what);
  expect(problems[0]?.fix).toMatch(fix);
});
