import type { Inputs } from '../executors/step/inputs';
import { chainOf } from './chain';
import type { Projects } from './chain';
import { changes, keyChanges } from './compare';
import { differences } from './differences';
import { render } from './render';

const target = (task: string, dependsOn: NonNullable<Projects[string]['targets']>[string]['dependsOn'] = []) => ({
  executor: 'nx-avocado:step',
  options: { machine: 'qemux86-64', outputPath: `out/${task}` },
  configurations: { qemuarm64: { machine: 'qemuarm64', outputPath: `out-arm/${task}` } },
  dependsOn,
});
const noop = { executor: 'nx:noop' };
const projects: Projects = {
  app: {
    targets: {
      config: noop,
      'sdk-install': target('a-sdk'),
      compile: target('a-compile', ['config', 'sdk-install']),
      build: target('a-build', ['config', 'sdk-install', 'compile']),
    },
  },
  dev: {
    targets: {
      rootfs: target('d-rootfs'),
      build: target('d-build', ['rootfs', { projects: ['app'], target: 'build' }]),
      provision: target('d-provision', ['rootfs', 'build']),
    },
  },
  other: { targets: { build: { executor: 'nx:run-commands' } } },
};

describe('the chain of a task', () => {
  test('upstream first, each once, with the options of the machine target', () => {
    expect(chainOf('dev', projects).map(({ id, upstream }) => [id, upstream])).toEqual([
      ['dev:rootfs', []],
      ['app:sdk-install', []],
      ['app:compile', ['app:sdk-install']],
      ['app:build', ['app:sdk-install', 'app:compile']],
      ['dev:build', ['dev:rootfs', 'app:build']],
      ['dev:provision', ['dev:rootfs', 'dev:build']],
    ]);
    expect(chainOf('app:compile:qemuarm64', projects).map(({ id, options }) => [id, options.outputPath])).toEqual([
      ['app:sdk-install:qemuarm64', 'out-arm/a-sdk'],
      ['app:compile:qemuarm64', 'out-arm/a-compile'],
    ]);
    expect(chainOf('app:compile:qemux86-64', projects)).toEqual(chainOf('app:compile', projects));
  });

  test.each([
    ['deb', 'WHY_PROJECT_UNKNOWN', "Did you mean 'dev'?"],
    ['other', 'WHY_PROJECT_UNKNOWN', 'There is: app, dev.'],
    ['dev:provsion', 'WHY_TASK_UNKNOWN', "Did you mean 'provision'?"],
    ['app:config', 'WHY_TASK_UNKNOWN', 'There is: build, compile, sdk-install.'],
    ['app:build:qemuarm', 'WHY_MACHINE_UNKNOWN', "Did you mean 'qemuarm64'?"],
  ])('%s is a typo', (name, code, hint) => {
    expect(() => chainOf(name, projects)).toThrow(expect.objectContaining({ code, hint }));
  });
});

describe('differences of options', () => {
  test.each<[string, unknown, unknown, unknown[]]>([
    ['none', { a: [1, { b: 2 }] }, { a: [1, { b: 2 }] }, []],
    ['a deep one', { a: { b: { c: 1 } } }, { a: { b: { c: 2 } } }, [{ path: 'a.b.c', before: 1, after: 2 }]],
    ['one that came', {}, { a: [] }, [{ path: 'a', after: [] }]],
    ['null, which is none', { a: null }, {}, []],
    ['a key that is no word', { a: { 'x/y.z': 1 } }, { a: {} }, [{ path: 'a["x/y.z"]', before: 1 }]],
    ['a word in front', { a: ['x', 'y'] }, { a: ['w', 'x', 'y'] }, [{ path: 'a', after: 'w' }]],
    ['an order', { a: ['x', 'y'] }, { a: ['y', 'x'] }, [{ path: 'a (order)', before: ['x', 'y'], after: ['y', 'x'] }]],
    [
      'an item by its name',
      { a: [{ name: 'x', on: true }, { name: 'y' }] },
      { a: [{ name: 'y' }, { name: 'x', on: false }] },
      [{ path: 'a[x].on', before: true, after: false }],
    ],
    [
      'items without names',
      { a: [1, 1] },
      { a: [1, 2, 3] },
      [
        { path: 'a[1]', before: 1, after: 2 },
        { path: 'a[2]', after: 3 },
      ],
    ],
  ])('%s', (_what, before, after, expected) => {
    expect(differences(before, after)).toEqual(expected);
  });
});

const inputs = (given: Partial<Inputs> = {}): Inputs => ({
  version: 2,
  digest: '',
  options: { recipe: 1, release: '1.0.0', executables: ['o/a'] },
  files: { 'src/a': '1', 'src/b': '2' },
  tasks: { 'app:compile': { 'app.tar': '1' } },
  key: { 'nx.json': '1' },
  ...given,
});

test('every kind of change is told', () => {
  const after = inputs({
    options: { recipe: 2, release: '1.1.0', executables: ['o/b'], section: { version: '2' } },
    files: { 'src/b': '3', 'src/c': '4' },
    tasks: { 'app:compile': { 'app.tar': '2' } },
    key: { 'nx.json': '2', '.gitignore': '1' },
  });
  expect(changes(inputs(), inputs())).toEqual([]);
  const found = [...changes(inputs(), after), ...keyChanges(inputs(), after)];
  expect(render([{ task: 'app:build', state: 'changed', changes: found, follows: [], cached: false }])).toEqual([
    "app:build  changed since the output was made; Nx's cache does not have it",
    '    removed src/a',
    '    changed src/b',
    '    added src/c',
    '    recipe of nx-avocado: 1 -> 2',
    '    release of nx-avocado: "1.0.0" -> "1.1.0"',
    '    mode    o/a is no longer executable',
    '    mode    o/b is executable now',
    '    option  section: none -> {"version":"2"}',
    '    changed app.tar of app:compile',
    '    key     .gitignore was added',
    '    key     nx.json was changed',
  ]);
});

test('what cannot be known before upstream has run is not said', () => {
  const lines = render([
    { task: 'app:compile', state: 'missing', changes: [], follows: [], cached: true },
    { task: 'app:build', state: 'same', changes: [], follows: ['app:compile'] },
    { task: 'b', state: 'damaged', problem: 'gone: x', changes: [], follows: [] },
    { task: 'c', state: 'same', changes: [], follows: [], cached: true },
  ]);
  expect(lines).toEqual([
    "app:compile  there is no output; Nx's cache has it",
    'app:build    nothing of its own changed; follows app:compile',
    'b            the output is damaged: gone: x',
    "c            nothing changed; Nx's cache has it",
  ]);
});
