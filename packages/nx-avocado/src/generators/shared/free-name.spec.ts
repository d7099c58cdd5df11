import { createTreeWithEmptyWorkspace } from '@nx/devkit/testing';
import { generateExtension } from '../extension/generator';
import { generateRuntime } from '../runtime/generator';
import { pluginName } from './registration';

const tree = createTreeWithEmptyWorkspace();
const generators = { extension: generateExtension, runtime: generateRuntime };

beforeAll(async () => {
  tree.write('nx.json', JSON.stringify({ plugins: [pluginName] }));
  tree.write('libs/web/project.json', JSON.stringify({ name: 'web' }));
  await generateRuntime(tree, { name: 'dev', skipFormat: true });
});

test.each([
  ['extension', 'web', /^libs\/web is an Nx project web already/],
  ['runtime', 'web', /^libs\/web is an Nx project web already/],
  ['extension', 'dev', /^dev\/avocado.yaml has runtime dev already/],
  ['runtime', 'config-dev', /^dev\/avocado.yaml has extension config-dev already/],
] as const)('no %s %s: another project has that name', async (kind, name, message) => {
  const changes = JSON.stringify(tree.listChanges());
  await expect(generators[kind](tree, { name, directory: 'dev', skipFormat: true })).rejects.toThrow(
    expect.objectContaining({ code: 'NAME_TAKEN', message: expect.stringMatching(message) as string }) as Error,
  );
  expect(JSON.stringify(tree.listChanges())).toBe(changes);
});

test('the same extension in files of two products is none of this', async () => {
  await expect(generateRuntime(tree, { name: 'prod', lock: false, skipFormat: true })).resolves.toBeDefined();
});
