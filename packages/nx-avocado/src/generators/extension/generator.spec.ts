import type { Tree } from '@nx/devkit';
import { createTreeWithEmptyWorkspace } from '@nx/devkit/testing';
import { rootRequests } from '@nx-avocado/engine/feed';
import { parseChecks } from '../../executors/boot-test/checks';
import { generateRuntime } from '../runtime/generator';
import { openConfig } from '../shared/config-file';
import { pluginName } from '../shared/registration';
import generator, { generateExtension } from './generator';

const options = { name: 'hello', skipFormat: true };
let tree: Tree;
const read = (path: string): string => tree.read(path, 'utf8') ?? '';
const files = (): string[] =>
  tree
    .listChanges()
    .map(({ path }) => path)
    .filter((path) => path.startsWith('dev/hello/'))
    .sort();

beforeEach(async () => {
  tree = createTreeWithEmptyWorkspace();
  tree.write('nx.json', JSON.stringify({ plugins: [pluginName] }));
  await generateRuntime(tree, { name: 'dev', skipFormat: true });
});

const unit = 'dev/hello/overlay/usr/lib/systemd/system/hello.service';
const scripts = ['dev/hello/compile.sh', 'dev/hello/install.sh'];

test.each([
  ['none', '/usr/bin/hello', ['dev/hello/overlay/usr/bin/hello', unit]],
  ['c', '/usr/bin/hello', [...scripts, unit, 'dev/hello/src/CMakeLists.txt', 'dev/hello/src/main.c']],
  ['go', '/usr/bin/hello', [...scripts, unit, 'dev/hello/src/go.mod', 'dev/hello/src/main.go']],
  [
    'python',
    '/usr/bin/python3 /usr/lib/hello/main.py',
    [...scripts, unit, 'dev/hello/src/main.py', 'dev/hello/src/requirements.txt'],
  ],
  [
    'node',
    '/usr/bin/node /usr/lib/hello/main.js',
    [...scripts, unit, 'dev/hello/src/main.js', 'dev/hello/src/package-lock.json', 'dev/hello/src/package.json'],
  ],
] as const)('%s, as a service', async (language, exec, wanted) => {
  await generateExtension(tree, { ...options, language, service: 'simple' });
  expect(files()).toEqual(wanted);
  expect(read(unit)).toContain(`ExecStart=${exec}\nRestart=on-failure\n`);
  const { config } = openConfig(tree, 'dev/avocado.yaml');
  expect(config.runtimes['dev']?.extensions.at(-1)?.name).toBe('hello');
  expect(Object.hasOwn(config.sdk.compile, 'hello')).toBe(language !== 'none');
  // Every package has a name in the feed.
  expect(() => rootRequests(config, { kind: 'extension', name: 'hello' })).not.toThrow();
  expect(parseChecks(read('dev/boot-test.json'), 'boot-test.json', 'dev').at(-1)).toMatchObject({
    pattern: '^hello beat=\\d+$',
  });
});

test('without a language and a service it is files alone', async () => {
  await generateExtension(tree, options);
  expect(files()).toEqual(['dev/hello/overlay/etc/hello.conf']);
  expect(openConfig(tree, 'dev/avocado.yaml').config.extensions['hello']).toMatchObject({
    overlay: { dir: 'hello/overlay' },
    enable_services: [],
    on_merge: [],
    packages: {},
  });
});

test.each(['none', 'c', 'go', 'python', 'node'] as const)('%s that runs once says so and ends', async (language) => {
  await generateExtension(tree, { ...options, language, service: 'oneshot' });
  expect(read(unit)).toContain('Type=oneshot\nRemainAfterExit=yes\n');
  const program = files().find((path) => /main\.\w+$|usr\/bin\/hello$/.test(path)) ?? '';
  expect(read(program)).toContain('hello done');
  expect(read(program)).not.toMatch(/beat|<%/);
});

test('programs and scripts can be executed', async () => {
  await generateExtension(tree, { ...options, service: 'simple' });
  const change = tree.listChanges().find(({ path }) => path === 'dev/hello/overlay/usr/bin/hello');
  expect(change?.options?.mode).toBe('755');
});

test.each([
  ['the same name', {}, /\[EXTENSION_EXISTS\]/],
  ['a target of CMake', { name: 'install', language: 'c' as const }, /\[NAME_INVALID\]/],
  ['the package that it needs', { name: 'nodejs', language: 'node' as const }, /\[NAME_INVALID\]/],
])('%s is an error that changes nothing', async (_name, wrong, message) => {
  await generateExtension(tree, options);
  const before = read('dev/avocado.yaml');
  await expect(generator(tree, { ...options, ...wrong })).rejects.toThrow(message);
  expect(read('dev/avocado.yaml')).toBe(before);
});
