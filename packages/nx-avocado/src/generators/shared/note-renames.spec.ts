import { logger } from '@nx/devkit';
import { createTreeWithEmptyWorkspace } from '@nx/devkit/testing';
import extension from '../extension/generator';
import runtime from '../runtime/generator';
import { pluginName } from './registration';

const options = { lock: false, skipFormat: true };

test('projects that get longer names by a new one are said, with both names', async () => {
  const tree = createTreeWithEmptyWorkspace();
  tree.write('nx.json', JSON.stringify({ plugins: [pluginName] }));
  const said: string[] = [];
  jest.spyOn(logger, 'warn').mockImplementation((text: string) => void said.push(text));
  await runtime(tree, { name: 'dev', ...options });
  await extension(tree, { name: 'app', runtime: 'dev', ...options });
  expect(said).toEqual([]);

  await runtime(tree, { name: 'lab', ...options });
  expect(said).toEqual([
    'Two files have extensions of the same names, so Nx projects are renamed: config-dev is now dev-config-dev, ' +
      'avocado-ext-dev is now dev-avocado-ext-dev, avocado-ext-sshd-dev is now dev-avocado-ext-sshd-dev, ' +
      'avocado-bsp-qemux86-64 is now dev-avocado-bsp-qemux86-64.',
  ]);

  await runtime(tree, { name: 'third', ...options });
  expect(said).toHaveLength(1);
  await extension(tree, { name: 'app', runtime: 'lab', ...options });
  expect(said.slice(1)).toEqual([expect.stringMatching(/: app is now dev-app\.$/)]);
});
