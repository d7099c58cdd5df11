import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runNx } from './support/nx';
import { emptyWorkspace, packPackages } from './support/packed';
import { serveRegistry } from './support/registry';

/** `nx add` takes a package from a registry by its name: the first command of a workspace that exists. */
const scratch = mkdtempSync(join(tmpdir(), 'nx-avocado-add-'));
let root: string;

jest.setTimeout(5 * 60_000);
beforeAll(() => {
  root = emptyWorkspace(['nx@24.0.6', '@nx/devkit@24.0.0']);
});
afterAll(() => {
  rmSync(scratch, { recursive: true, force: true });
  rmSync(root, { recursive: true, force: true });
});

test('nx add installs the plugin, sets it up, and says what it chose', async () => {
  const registry = await serveRegistry(packPackages(scratch));
  try {
    const { code, output } = await runNx(root, ['add', 'nx-avocado'], {
      npm_config_registry: registry.url,
      npm_config_ignore_scripts: 'true',
    });
    expect(`${code} ${output}`).toMatch(/^0 [^]*feed debian: [^]*runner sandbox: /);
  } finally {
    registry.close();
  }
  const read = (file: string) => JSON.parse(readFileSync(join(root, file), 'utf8')) as Record<string, unknown>;
  expect(read('package.json')['devDependencies']).toHaveProperty('nx-avocado');
  expect(read('nx.json')['plugins']).toEqual([{ plugin: 'nx-avocado', options: expect.anything() as unknown }]);
  expect(await runNx(root, ['g', 'nx-avocado:runtime', 'dev', '--dry-run'])).toMatchObject({
    code: 0,
    output: expect.stringContaining('CREATE dev/avocado.yaml') as unknown,
  });
});
