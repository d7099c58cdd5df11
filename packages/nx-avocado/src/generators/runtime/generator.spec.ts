import { logger, readNxJson } from '@nx/devkit';
import type { Tree } from '@nx/devkit';
import { createTreeWithEmptyWorkspace } from '@nx/devkit/testing';
import { parseChecks } from '../../executors/boot-test/checks';
import { openConfig } from '../shared/config-file';
import { pluginName } from '../shared/registration';
import generator, { generateRuntime } from './generator';

const options = { name: 'dev', skipFormat: true };
let tree: Tree;
const read = (path: string): string => tree.read(path, 'utf8') ?? '';

beforeEach(() => {
  tree = createTreeWithEmptyWorkspace();
  tree.write('nx.json', JSON.stringify({ plugins: [pluginName] }));
});

test('a new file loads, and lists what makes a machine to develop on', async () => {
  await generateRuntime(tree, options);
  const { config } = openConfig(tree, 'dev/avocado.yaml');
  expect(config.machine).toBe('qemux86-64');
  expect(config.supported_targets).toEqual(['qemux86-64']);
  expect(config.runtimes['dev']?.extensions.map(({ name }) => name)).toEqual([
    'config-dev',
    'avocado-ext-dev',
    'avocado-ext-sshd-dev',
    'avocado-bsp-qemux86-64',
  ]);
  expect(read('dev/avocado.yaml')).toMatch(/^# yaml-language-server: \$schema=\.\.\/node_modules\/nx-avocado\//);
  expect(parseChecks(read('dev/boot-test.json'), 'boot-test.json', 'dev')).toEqual([
    { kind: 'unit', unit: 'multi-user.target' },
  ]);
  expect(JSON.parse(read('dev/boot-test.json'))).toMatchObject({
    $schema: '../node_modules/nx-avocado/schema/boot-test.schema.json',
  });
});

test('another machine target, another directory, no development', async () => {
  await generateRuntime(tree, { ...options, machine: 'qemuarm64', directory: 'products/a', development: false });
  const { config } = openConfig(tree, 'products/a/avocado.yaml');
  expect(config.machine).toBe('qemuarm64');
  expect(Object.keys(config.extensions)).toEqual(['avocado-bsp-qemuarm64']);
});

test('joins an existing file, of which every byte stays', async () => {
  const text = `# Mine.
default_target:  "qemux86-64"
supported_targets: ["qemux86-64"]

runtimes:
  dev:   # the first
    extensions: [ app , "avocado-bsp-{{ avocado.target }}" ]

extensions:
  app: {version: "1.0.0"}

  "avocado-bsp-{{ avocado.target }}":
    source: { type: package, version: "*" }
`;
  tree.write('a/avocado.yaml', text);
  await generateRuntime(tree, {
    ...{ name: 'prod', directory: 'a', development: false, extensions: ['app'], skipFormat: true },
    machine: 'qemuarm64',
  });
  const added =
    '\n  prod:\n    packages:\n      avocado-runtime: "*"\n    extensions:\n      - app\n' +
    '      - avocado-bsp-{{ avocado.target }}\n';
  expect(read('a/avocado.yaml').replace(added, '').replace(', "qemuarm64"]', ']').replace(', qemuarm64]', ']')).toBe(
    text,
  );
  const { config } = openConfig(tree, 'a/avocado.yaml', undefined, 'qemuarm64');
  expect(config.runtimes['prod']?.extensions.map(({ name }) => name)).toEqual(['app', 'avocado-bsp-qemuarm64']);
});

test('registers the plugin where nobody has', async () => {
  for (const method of ['info', 'warn'] as const) jest.spyOn(logger, method).mockReturnValue(undefined);
  tree.write('nx.json', '{}');
  await generateRuntime(tree, options);
  expect(readNxJson(tree)?.plugins).toMatchObject([{ plugin: 'nx-avocado' }]);
});

test.each([
  [
    'the same name',
    { name: 'dev' },
    /dev\/avocado\.yaml has a runtime dev already; nothing was changed \[RUNTIME_EXISTS\]/,
  ],
  ['a name of no use', { name: 'My Runtime' }, /\[NAME_INVALID\]\n {2}hint: .*my-runtime/],
  ['a directory outside', { name: 'a', directory: '../a' }, /leaves the workspace \[PATH_INVALID\]/],
  [
    'a file instead of a directory',
    { name: 'a', directory: 'dev/avocado.yaml' },
    /dev\/avocado\.yaml is a file \[PATH_INVALID\]\n {2}hint: Name a directory: dev$/,
  ],
  ['a directory below a file', { name: 'a', directory: 'dev/avocado.yaml/a' }, /is a file \[PATH_INVALID\]/],
  ['an ignored directory', { name: 'a', directory: 'node_modules/a' }, /Nx ignores \[PATH_INVALID\]/],
  ['an unknown machine', { name: 'a', machine: 'qemux86' }, /\[MACHINE_UNKNOWN\]\n {2}hint: Did you mean 'qemux86-64'/],
  ['an unknown extension', { name: 'a', extensions: ['x'] }, /uses the extension 'x', which is not defined/],
])('%s is an error that changes nothing', async (_name, wrong, message) => {
  await generateRuntime(tree, options);
  const before = read('dev/avocado.yaml');
  await expect(generator(tree, { ...options, ...wrong })).rejects.toThrow(message);
  expect(read('dev/avocado.yaml')).toBe(before);
});

test('errors of the file are shown, with their place', async () => {
  tree.write('dev/avocado.yaml', 'runtimes:\n  a:\n    extension: []\n');
  await expect(generator(tree, options)).rejects.toThrow(/^dev\/avocado\.yaml:3:5: unknown key/);
});
