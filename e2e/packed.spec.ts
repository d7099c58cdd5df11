import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runNx } from './support/nx';
import { TestWorkspace, repository } from './support/workspace';

/** The plugin as a user gets it: compiled, packed, unpacked into a workspace that has no TypeScript of ours. */
const source = new TestWorkspace();
let root: string;

jest.setTimeout(10 * 60_000);

beforeAll(() => {
  source.reset();
  root = mkdtempSync(join(tmpdir(), 'nx-avocado-packed-'));
  execFileSync(process.execPath, [join(repository, 'node_modules/typescript/bin/tsc'), '-b', 'packages/nx-avocado'], {
    cwd: source.root,
  });
  linkDependencies(join(root, 'node_modules'));
  unpack('engine', join(root, 'node_modules/@nx-avocado/engine'));
  unpack('nx-avocado', join(root, 'node_modules/nx-avocado'));
  writeFileSync(join(root, 'package.json'), '{ "name": "user", "private": true }');
  writeFileSync(join(root, '.gitignore'), 'node_modules\n.nx\n.avocado\n');
  const plugin = { plugin: 'nx-avocado', options: { feed: 'debian', runner: 'sandbox', lock: 'strict' } };
  writeFileSync(join(root, 'nx.json'), JSON.stringify({ cacheDirectory: '.nx/cache', plugins: [plugin] }));
  cpSync(join(repository, 'examples/heartbeat'), join(root, 'heartbeat'), {
    recursive: true,
    filter: (path) => !path.includes('/.avocado'),
  });
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

function unpack(name: string, target: string): void {
  const directory = source.path(`packages/${name}`);
  const [tarball = ''] = execFileSync('npm', ['pack', '--silent', '--pack-destination', root], {
    cwd: directory,
    encoding: 'utf8',
  })
    .trim()
    .split('\n');
  mkdirSync(target, { recursive: true });
  execFileSync('tar', ['--extract', '--gzip', '--strip-components=1', `--file=${join(root, tarball)}`], {
    cwd: target,
  });
}

/** What npm would install: Nx and the engine's dependencies; none of what only compiles TypeScript. */
function linkDependencies(target: string): void {
  const developers = /^(typescript|ts-|tsx|@swc|@swc-node|@nx-avocado|nx-avocado|jest|@types)/;
  mkdirSync(target, { recursive: true });
  const own = join(repository, 'packages/engine/node_modules');
  const nested = readdirSync(own).filter((name) => !name.startsWith('.'));
  for (const name of nested) symlinkSync(join(own, name), join(target, name));
  for (const name of readdirSync(join(repository, 'node_modules'))) {
    if (name.startsWith('.') || developers.test(name) || nested.includes(name)) continue;
    symlinkSync(join(repository, 'node_modules', name), join(target, name));
  }
}

test('holds what runs and what the schemas need, and no tests', () => {
  const files = (name: string): string[] =>
    readdirSync(join(root, 'node_modules', name), { recursive: true, encoding: 'utf8' });
  expect(files('nx-avocado')).toEqual(
    expect.arrayContaining(['dist/index.js', 'dist/executors/qemu/executor.js', 'src/executors/qemu/schema.json']),
  );
  const wrong = [...files('nx-avocado'), ...files('@nx-avocado/engine')].filter((file) =>
    /\.spec\.|tsbuildinfo|corpus/.test(file),
  );
  expect(wrong).toEqual([]);
});

test('infers projects and runs an executor', async () => {
  const shown = await runNx(root, ['show', 'projects', '--json']);
  expect(JSON.parse(shown.output)).toEqual(
    expect.arrayContaining(['heartbeat', 'heartbeat-app', 'heartbeat-config', 'heartbeat-dev']),
  );
  const built = await runNx(root, ['run', 'heartbeat:build']);
  expect(`${built.code} ${built.output}`).toMatch(/^0 /);
  expect(readdirSync(join(root, 'heartbeat/.avocado/heartbeat/qemux86-64/build')).sort()).toEqual([
    'extension.json',
    'heartbeat-0.1.0.raw',
    'manifest.json',
  ]);
});

test('a plugin worker takes it too', async () => {
  const isolated = await runNx(root, ['show', 'project', 'heartbeat-dev', '--json'], { NX_ISOLATE_PLUGINS: 'true' });
  expect(JSON.parse(isolated.output)).toHaveProperty('targets.provision');
});

test('the generator has nothing to do where the lock is up to date', async () => {
  const { code, output } = await runNx(root, ['g', 'nx-avocado:lock']);
  expect(`${code} ${output}`).toMatch(/^0 /);
  expect(output).not.toMatch(/CREATE|UPDATE/);
});
