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
  namesDaemon: false,
};
const off = { code: 'DOCKER_UNREACHABLE', message: 'no Docker daemon answers at unix:///x', hint: 'Start it.' };

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
  ['user namespaces', { namespaceError: 'denied', docker: off }, /namespace: denied/, /--privileged/],
  [
    'user namespaces on Ubuntu',
    { namespaceError: 'x', restrictedByAppArmor: true, docker: off },
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

test('where bubblewrap may not run and Docker does, containers are chosen, and the line says why', () => {
  const { options, reasons, problems } = choose({ ...ready, namespaceError: 'denied', missing: ['bubblewrap'] }, {});
  expect(options).toEqual({ feed: 'debian', runner: 'docker', lock: 'strict' });
  expect(reasons[1]).toMatch(/because bubblewrap may not make a user namespace \(denied\) and Docker answers/);
  expect(problems).toEqual([]);
});

test('the feed avocado comes with the runner docker, and needs nothing of Debian', () => {
  const bare = { ...ready, missing: ['bubblewrap', 'mmdebstrap'], hasSubordinateIds: false };
  const { options, reasons, problems } = choose(bare, { feed: 'avocado' });
  expect(options).toEqual({ feed: 'avocado', runner: 'docker', lock: 'strict' });
  expect(reasons.slice(0, 2)).toEqual([
    expect.stringMatching(/^feed avocado: Avocado's own packages/),
    expect.stringMatching(/^runner docker: .*which the feed avocado needs, and this machine has all/),
  ]);
  expect(problems).toEqual([]);
});

test('the feed avocado in the sandbox is refused', () => {
  expect(() => choose(ready, { feed: 'avocado', runner: 'sandbox' })).toThrow(
    expect.objectContaining({ code: 'OPTIONS_INVALID', hint: expect.stringContaining('"runner": "docker"') as string }),
  );
});

test('the feed debian in docker needs no bubblewrap, but the rest', () => {
  const { problems } = choose({ ...ready, missing: ['bubblewrap', 'mmdebstrap'] }, { runner: 'docker' });
  expect(problems.map(({ what }) => what)).toEqual(['These host packages are missing: mmdebstrap.']);
});

test.each<[string, Partial<Host>, string | RegExp]>([
  [
    'Docker',
    {},
    'sudo apt-get update && sudo apt-get install --yes docker.io && sudo usermod --append --groups docker ada, then log in again.',
  ],
  ['Docker, as root', { isRoot: true }, 'apt-get update && apt-get install --yes docker.io'],
  ['Docker, without apt', { hasApt: false }, /^Install Docker or Podman/],
  ['Docker Desktop', { platform: 'darwin', hasApt: false }, /^Start Docker Desktop, or install it: https:/],
  ['a Docker that runs', { engine: 'docker' }, 'sudo systemctl start docker'],
  ["Podman's socket", { engine: 'podman' }, 'systemctl --user enable --now podman.socket'],
  ['the daemon of DOCKER_HOST', { namesDaemon: true }, 'Start it.'],
  [
    'the permission',
    { docker: { ...off, code: 'DOCKER_PERMISSION_DENIED' } },
    'sudo usermod --append --groups docker ada, then log in again.',
  ],
  ['a context', { docker: { ...off, code: 'DOCKER_CONTEXT_MISSING', hint: 'docker context ls' } }, 'docker context ls'],
])('a machine that lacks %s is told its own command', (_name, lacks, fix) => {
  const { reasons, problems } = choose({ ...ready, docker: off, ...lacks }, { feed: 'avocado' });
  expect(reasons[1]).toMatch(/lacks something/);
  expect(problems).toEqual([
    {
      what: 'The runner docker has no daemon: no Docker daemon answers at unix:///x.',
      fix: typeof fix === 'string' ? fix : (expect.stringMatching(fix) as string),
    },
  ]);
});
