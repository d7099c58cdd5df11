import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createNodes } from './create-nodes';

let root: string;
const data = () => join(root, '.nx/workspace-data');
const keptFile = () => join(data(), 'nx-avocado-nodes.json');

function write(file: string, text: string): void {
  mkdirSync(dirname(join(root, file)), { recursive: true });
  writeFileSync(join(root, file), text);
}

const config = (version: string): string => `default_target: qemux86-64
extensions:
  app:
    version: ${version}
    overlay: overlay
    summary: '{{ env.NX_AVOCADO_TEST }}'
`;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'nx-avocado-nodes-'));
  delete process.env['NX_AVOCADO_TEST'];
  write('package.json', '{"name":"other"}');
  write('product/avocado.yaml', config('1.0.0'));
  write('product/overlay/usr/bin/tool', '#!/bin/sh\n');
  write('tool/project.json', '{"name":"tool"}');
});
afterEach(() => rmSync(root, { recursive: true }));

let files: string[];
beforeEach(() => (files = ['package.json', 'product/avocado.yaml', 'tool/project.json']));

async function make(): Promise<string> {
  const context = { workspaceRoot: root, nxJsonConfiguration: {} };
  return JSON.stringify(await createNodes[1](files, { feed: 'debian' }, context));
}

async function makeTwice(): Promise<string> {
  await make();
  const made = await make();
  expect(existsSync(keptFile())).toBe(true);
  return made;
}

test('the first run keeps nothing, the second what the third finds', async () => {
  const first = await make();
  expect(existsSync(keptFile())).toBe(false);
  expect(await make()).toBe(first);
  expect(existsSync(keptFile())).toBe(true);
  expect(await make()).toBe(first);
});

test('what is kept is what the next run returns', async () => {
  const made = await makeTwice();
  // To be seen from outside: only a run that reads it can show this.
  const { readFileSync } = await import('node:fs');
  writeFileSync(keptFile(), readFileSync(keptFile(), 'utf8').replaceAll('The extension app', 'The kept app'));
  expect(await make()).toBe(made.replaceAll('The extension app', 'The kept app'));
});

test.each<[string, () => void]>([
  ['the file', () => write('product/avocado.yaml', config('2.0.0'))],
  ['a lock that was not there', () => write('product/avocado.lock', '{')],
  ['a variable', () => void (process.env['NX_AVOCADO_TEST'] = 'set')],
  ['a mode in the overlay', () => chmodSync(join(root, 'product/overlay/usr/bin/tool'), 0o755)],
  ['an empty directory in the overlay', () => mkdirSync(join(root, 'product/overlay/etc'))],
  ["another project's name", () => write('tool/project.json', '{"name":"app"}')],
  ['another file of Nx', () => (write('app/project.json', '{}'), void files.push('app/project.json'))],
  ['a damaged file', () => writeFileSync(keptFile(), '{"key":')],
])('%s: the nodes are as without anything kept', async (_what, change) => {
  await makeTwice();
  change();
  const made = await make();
  rmSync(data(), { recursive: true });
  expect(made).toBe(await make());
});
