import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { staleOutputs } from './stale-outputs';

const root = mkdtempSync(join(tmpdir(), 'stale-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

test('projects, machine targets and commits that are gone; nothing else', () => {
  const [kept, gone] = ['a'.repeat(40), 'b'.repeat(40)];
  for (const path of [
    'app/.avocado/app/qemux86-64/build',
    'app/.avocado/app/qemuarm64/build',
    'app/.avocado/app/imx8/build',
    'app/.avocado/renamed/qemux86-64/build',
    'app/.avocado/.tmp-other-1-0123456789ab',
    `app/.avocado/sources/${kept}`,
    `app/.avocado/sources/${gone}`,
    'deleted/.avocado/dev/qemux86-64/build',
    'node_modules/pack/.avocado/x/y',
  ]) {
    mkdirSync(join(root, path), { recursive: true });
  }
  writeFileSync(join(root, 'app/avocado.lock'), JSON.stringify({ commit: kept }));
  const build = (machine: string) => ({ outputPath: `app/.avocado/app/${machine}/build` });
  const targets = { build: { options: build('qemux86-64'), configurations: { qemuarm64: build('qemuarm64') } } };
  expect(staleOutputs(root, [{ root: 'app/.avocado/app', targets }, { root: '.' }])).toEqual([
    'app/.avocado/app/imx8',
    'app/.avocado/renamed',
    `app/.avocado/sources/${gone}`,
    'deleted/.avocado/dev',
  ]);
});
