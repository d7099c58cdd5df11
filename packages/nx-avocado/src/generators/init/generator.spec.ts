import { logger, readNxJson } from '@nx/devkit';
import type { Tree } from '@nx/devkit';
import { createTreeWithEmptyWorkspace } from '@nx/devkit/testing';
import { AvocadoError } from '@nx-avocado/engine/error';
import init, { initialise } from './generator';

const options = { skipFormat: true };
let tree: Tree;
let said: string[];

beforeEach(() => {
  tree = createTreeWithEmptyWorkspace();
  said = [];
  for (const method of ['info', 'warn'] as const) {
    jest.spyOn(logger, method).mockImplementation((...texts: unknown[]) => void said.push(texts.join(' ')));
  }
});
afterEach(() => jest.restoreAllMocks());

test('registers the plugin and its sync generator, and says why it chose what it chose', async () => {
  await initialise(tree, options);
  const { plugins, sync } = readNxJson(tree) ?? {};
  expect(plugins).toEqual([{ plugin: 'nx-avocado', options: { feed: 'debian', runner: 'sandbox', lock: 'strict' } }]);
  expect(sync).toEqual({ globalGenerators: ['nx-avocado:sync'] });
  expect(said.join('\n')).toMatch(/^feed debian: .*\nrunner sandbox: .*\nlock strict: /);
});

test('the feed avocado is registered with the runner that it needs', async () => {
  await initialise(tree, { ...options, feed: 'avocado' });
  expect(readNxJson(tree)?.plugins).toEqual([
    { plugin: 'nx-avocado', options: { feed: 'avocado', runner: 'docker', lock: 'strict' } },
  ]);
  expect(said.join('\n')).toMatch(/^feed avocado: .*\nrunner docker: .*\nlock strict: /);
});

test('what does not go together changes nothing', async () => {
  const before = snapshot(tree);
  await expect(initialise(tree, { ...options, feed: 'avocado', runner: 'sandbox' })).rejects.toThrow(
    /needs the runner/,
  );
  expect(snapshot(tree)).toEqual(before);
});

test('makes nx.json where there is none', async () => {
  tree.delete('nx.json');
  await initialise(tree, options);
  expect(readNxJson(tree)?.plugins).toMatchObject([{ plugin: 'nx-avocado' }]);
});

test('keeps what nx.json and the ignore files have', async () => {
  const nxJson = { plugins: ['other'], sync: { applyChanges: false, globalGenerators: ['other:sync'] }, parallel: 2 };
  tree.write('nx.json', JSON.stringify(nxJson));
  tree.write('.gitignore', 'node_modules');
  tree.write('.prettierignore', 'dist\n/.avocado\n');
  await initialise(tree, { ...options, lock: 'refresh' });
  expect(readNxJson(tree)).toMatchObject({
    parallel: 2,
    plugins: ['other', { plugin: 'nx-avocado', options: { lock: 'refresh' } }],
    sync: { applyChanges: false, globalGenerators: ['other:sync', 'nx-avocado:sync'] },
  });
  expect(tree.read('.gitignore', 'utf8')).toBe('node_modules\n\n# nx-avocado\n.avocado/\n');
  expect(tree.read('.prettierignore', 'utf8')).toBe('dist\n/.avocado\n\n# nx-avocado\navocado.lock\n');
});

test('names the schema in every avocado.yaml, and changes nothing else in it', async () => {
  tree.write('products/a/avocado.yaml', '# a\ndefault_target:   qemuarm64\n');
  tree.write('avocado.yaml', '# yaml-language-server: $schema=mine.json\n');
  await initialise(tree, options);
  expect(tree.read('products/a/avocado.yaml', 'utf8')).toBe(
    '# yaml-language-server: $schema=../../node_modules/nx-avocado/schema/avocado.schema.json\n# a\ndefault_target:   qemuarm64\n',
  );
  expect(tree.read('avocado.yaml', 'utf8')).toBe('# yaml-language-server: $schema=mine.json\n');
});

test('writes a CI workflow where it is asked to', async () => {
  await initialise(tree, { ...options, ci: 'github' });
  expect(tree.exists('.github/workflows/ci.yml')).toBe(true);
});

test('the second time is an error', async () => {
  await initialise(tree, options);
  const before = snapshot(tree);
  const error: unknown = await init(tree, options).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(AvocadoError);
  expect(String(error)).toMatch(/already; nothing was changed \[INIT_DONE\]\n {2}hint: /);
  expect(snapshot(tree)).toEqual(before);
});

function snapshot(of: Tree): Record<string, string> {
  return Object.fromEntries(of.listChanges().map(({ path, content }) => [path, String(content)]));
}
