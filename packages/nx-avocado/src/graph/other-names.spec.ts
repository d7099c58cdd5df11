import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { isNxProjectFile, otherNames } from './other-names';

const app = new Set(['app']);
let root: string;
beforeEach(() => (root = mkdtempSync(join(tmpdir(), 'nx-avocado-names-'))));
afterEach(() => rmSync(root, { recursive: true }));

/** @param files text, or what becomes JSON, by path */
async function found(files: Record<string, unknown>, wanted = app): Promise<string[]> {
  for (const [file, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), typeof content === 'string' ? content : JSON.stringify(content));
  }
  const names = await otherNames(Object.keys(files).filter(isNxProjectFile), wanted, root);
  return [...names].filter((name) => wanted.has(name));
}

const named = { name: 'app' };
test.each<[string, Record<string, unknown>, boolean]>([
  ['a project.json', { 'a/project.json': named }, true],
  ['one with comments', { 'a/project.json': '{ // ours\n "name": "app" }' }, true],
  ['one without a name: the folder', { 'x/App/project.json': {} }, true],
  ['one without a name: the package beside it', { 'a/project.json': {}, 'a/package.json': named }, true],
  ['one with another name than its package', { 'a/project.json': { name: 'b' }, 'a/package.json': named }, false],
  ['a name further inside', { 'a/project.json': { name: 'b', targets: { app: { options: named } } } }, false],
  ['a package of no workspace: no project', { 'package.json': {}, 'a/package.json': named }, false],
  ['a package of a workspace', { 'package.json': { workspaces: ['./p/*'] }, 'p/a/package.json': named }, true],
  ['a package of none of them', { 'package.json': { workspaces: ['p/*'] }, 'a/package.json': named }, false],
  ['the long form', { 'package.json': { workspaces: { packages: ['p/**'] } }, 'p/q/a/package.json': named }, true],
  ['one that is taken out', { 'package.json': { workspaces: ['p/*', '!p/a'] }, 'p/a/package.json': named }, false],
  ['pnpm', { 'pnpm-workspace.yaml': "packages:\n  # ours\n  - 'p/*'\n", 'p/a/package.json': named }, true],
  ['lerna', { 'lerna.json': { packages: ['p/*'] }, 'p/a/package.json': named }, true],
  ["Nx's own name of a package", { 'package.json': { workspaces: ['a'] }, 'a/package.json': { nx: named } }, true],
  ['the root, where Nx takes it for a project', { 'package.json': { ...named, nx: {} } }, true],
  ['the root otherwise', { 'package.json': named }, false],
  ['a damaged file', { 'a/project.json': '{' }, false],
])('%s', async (_title, files, expected) => {
  expect(await found(files)).toEqual(expected ? ['app'] : []);
});
