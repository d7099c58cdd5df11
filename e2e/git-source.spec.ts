import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { storePath } from '@nx-avocado/engine/store';
import { TestWorkspace } from './support/workspace';

/** Extensions of a real git repository: pinned, fetched, built, moved on; and what can go wrong with them. */
const workspace = new TestWorkspace('git-source', ['examples', 'e2e', 'tools', 'docs']);
const upstream = `${workspace.root}-upstream`;
const url = `file://${upstream}`;

const header = 'default_target: qemux86-64\nsupported_targets: [qemux86-64]\n';

const repository: Record<string, string> = {
  'avocado.yaml': `${header}extensions:
  fetched:
    version: 1.0.0
    overlay: overlay
    packages:
      fetched-app: { compile: app, install: install.sh }
sdk:
  compile:
    app: { compile: compile.sh }
`,
  'compile.sh': 'echo fetched > app.txt\n',
  'install.sh': 'install -D -m 0644 app.txt "$AVOCADO_BUILD_EXT_SYSROOT/usr/share/app.txt"\n',
  'overlay/etc/fetched.conf': 'fetched=1\n',
  // A project of another team beside it, in a directory of its own.
  'more/second/avocado.yaml': `${header}extensions:
  second:
    version: 1.0.0
    overlay: .
`,
};

const os = `${header}runtimes:
  dev:
    extensions: [fetched, second, plain]
    packages:
      avocado-runtime: '*'
extensions:
  fetched:
    source: { type: git, url: '${url}', ref: main }
  second:
    source: { type: git, url: '${url}', ref: main, sparse_checkout: [more/second] }
  plain:
    version: 0.1.0
    overlay: plain
`;

const files: Record<string, string> = {
  'os/avocado.yaml': os,
  'os/plain/etc/plain.conf': 'plain=1\n',
  '.gitignore': '.avocado/\nnode_modules\n',
};

function git(...args: string[]): string {
  const author = ['-c', 'user.name=test', '-c', 'user.email=test@localhost', '-c', 'commit.gpgsign=false'];
  return execFileSync('git', [...author, ...args], { cwd: upstream, encoding: 'utf8' }).trim();
}

/** @returns the new commit */
function commit(changed: Record<string, string>): string {
  for (const [file, text] of Object.entries(changed)) {
    mkdirSync(dirname(join(upstream, file)), { recursive: true });
    writeFileSync(join(upstream, file), text);
  }
  git('add', '--all');
  git('commit', '--quiet', '--message', 'edit');
  return git('rev-parse', 'HEAD');
}

function pins(): Record<string, unknown> {
  const { targets } = JSON.parse(workspace.read('os/avocado.lock')) as {
    targets: Record<string, { extensions: Record<string, { source?: unknown }> }>;
  };
  const { extensions = {} } = targets['qemux86-64'] ?? {};
  return Object.fromEntries(Object.entries(extensions).map(([name, { source }]) => [name, source]));
}

const pinned = (to: string) => ({ type: 'git', url, ref: 'main', commit: to });

async function succeed(args: string[]): Promise<string> {
  const { code, output } = await workspace.nx(args);
  if (code !== 0) throw new Error(output);
  return output;
}

/** What runs and does something. */
async function ran(): Promise<string[]> {
  const { code, output, tasks } = await workspace.nx(['run', 'dev:build']);
  if (code !== 0) throw new Error(output);
  return Object.entries(tasks)
    .flatMap(([id, outcome]) => (outcome === 'ran' && !id.endsWith(':config') ? [id] : []))
    .sort();
}

/** As on a machine that never fetched it. */
function forget(): void {
  rmSync(workspace.path('os/.avocado/sources'), { recursive: true, force: true });
  const key = createHash('sha256').update(url).digest('hex').slice(0, 24);
  rmSync(storePath('git', key), { recursive: true, force: true });
}

/** Something that the next sync has to write. */
function unpin(): void {
  const lock = JSON.parse(workspace.read('os/avocado.lock')) as {
    targets: Record<string, { extensions: Record<string, unknown> }>;
  };
  delete lock.targets['qemux86-64']!.extensions['plain'];
  workspace.write('os/avocado.lock', JSON.stringify(lock));
}

/** As `init` writes it. */
function policy(lock: 'strict' | 'refresh'): void {
  const nx = JSON.parse(workspace.read('nx.json')) as { plugins: { options: { lock: string } }[] };
  nx.plugins[0]!.options.lock = lock;
  workspace.write('nx.json', JSON.stringify({ ...nx, sync: { globalGenerators: ['nx-avocado:sync'] } }, null, 2));
}

jest.setTimeout(15 * 60_000);

let first: string;

beforeAll(() => {
  workspace.reset();
  for (const path of ['.nx', 'os', 'other', 'empty']) rmSync(workspace.path(path), { recursive: true, force: true });
  rmSync(upstream, { recursive: true, force: true });
  forget();
  mkdirSync(upstream, { recursive: true });
  git('init', '--quiet', '--initial-branch=main');
  first = commit(repository);
  for (const [file, text] of Object.entries(files)) workspace.write(file, text);
  policy('refresh');
});
afterEach(() => {
  for (const path of ['other', 'empty']) rmSync(workspace.path(path), { recursive: true, force: true });
});
afterAll(() => rmSync(upstream, { recursive: true, force: true }));

test('before it is pinned it is a project that says so', async () => {
  const { code, output } = await workspace.nx(['run', 'fetched:build']);
  expect(code).not.toBe(0);
  expect(output).toContain(`os/avocado.yaml:10:5: no commit of ${url} (main) is pinned for extension fetched`);
  expect(output).toContain('Pin and fetch it, and commit the lock: nx sync');
  expect((await workspace.nx(['sync:check'])).output).toContain('os/avocado.lock');
});

test('the lock pins its commit, and it is built into the runtime', async () => {
  await succeed(['g', 'nx-avocado:lock']);
  expect(pins()).toEqual({ fetched: pinned(first), second: pinned(first), plain: undefined });
  expect(await ran()).toEqual(
    expect.arrayContaining(['fetched:compile', 'fetched:build', 'second:build', 'plain:build', 'dev:build']),
  );
  const root = 'os/.avocado/fetched/qemux86-64';
  const list = execFileSync('tar', ['-tf', workspace.path(`${root}/compile/fetched-app.tar`)], { encoding: 'utf8' });
  expect(list).toContain('usr/share/app.txt');
  expect(workspace.exists(`${root}/build/fetched-1.0.0.raw`)).toBe(true);
  expect(await ran()).toEqual([]);
});

test('the graph has its edges, and no project of what was fetched', async () => {
  await succeed(['graph', '--file=tmp/graph.json']);
  const { graph } = JSON.parse(workspace.read('tmp/graph.json')) as {
    graph: { nodes: object; dependencies: Record<string, { target: string }[]> };
  };
  expect(graph.dependencies['dev']?.map(({ target }) => target)).toEqual(['fetched', 'second', 'plain']);
  const ours = Object.keys(graph.nodes).filter((name) => !name.includes('nx-avocado'));
  expect(ours.sort()).toEqual(['dev', 'fetched', 'plain', 'second']);
});

test('upstream moves on: nothing changes until the pin is moved, and then that chain alone', async () => {
  const second = commit({ 'overlay/etc/fetched.conf': 'fetched=2\n' });
  await succeed(['sync:check']);
  expect(await ran()).toEqual([]);
  await succeed(['g', 'nx-avocado:lock', '--update']);
  expect(pins()).toMatchObject({ fetched: pinned(second), second: pinned(second) });
  // The other extension of that repository has the same pin.
  const chain = ['fetched:sdk-install', 'fetched:compile', 'fetched:build', 'second:sdk-install', 'second:build'];
  expect(await ran()).toEqual([...chain, 'dev:build'].sort());
});

test('a tree that somebody edited is put right before it is built', async () => {
  const { commit: pin } = pins()['fetched'] as { commit: string };
  const file = `os/.avocado/sources/${pin}/overlay/etc/fetched.conf`;
  workspace.write(file, 'fetched=evil\n');
  const { code, output } = await workspace.nx(['run', 'fetched:build', '--skip-nx-cache']);
  expect({ code, text: workspace.read(file) }).toEqual({ code: 0, text: 'fetched=2\n' });
  expect(output).toContain('was changed: it is the commit');
});

test('another machine fetches it with the graph; where it cannot, its tasks say what to do, and others work', async () => {
  forget();
  expect(await ran()).toEqual([]);
  forget();
  renameSync(upstream, `${upstream}-away`);
  const missing = await workspace.nx(['run', 'fetched:build']);
  expect(missing.code).not.toBe(0);
  expect(missing.output).toContain(`of ${url} is not on this machine yet [SOURCE_NOT_FETCHED]`);
  expect(missing.output).toContain('Fetch it: nx sync');
  await succeed(['run', 'plain:build']);
  renameSync(`${upstream}-away`, upstream);
  const before = workspace.read('os/avocado.lock');
  await succeed(['sync:check']);
  expect(workspace.read('os/avocado.lock')).toBe(before);
  expect(await ran()).toEqual([]);
});

test('a commit that has vanished: an error, or with `refresh` what its ref means now', async () => {
  const { commit: gone } = pins()['fetched'] as { commit: string };
  git('reset', '--quiet', '--hard', first);
  const moved = commit({ 'overlay/etc/fetched.conf': 'fetched=3\n' });
  git('reflog', 'expire', '--expire=now', '--all');
  git('gc', '--quiet', '--prune=now');
  forget();
  policy('strict');
  const strict = await workspace.nx(['sync']);
  expect(strict.code).not.toBe(0);
  expect(strict.output).toContain(`${url} no longer has the commit ${gone}`);
  expect(strict.output).toContain('nx g nx-avocado:lock --update');
  policy('refresh');
  const refreshed = await workspace.nx(['sync']);
  expect(refreshed).toMatchObject({ code: 0, output: expect.stringContaining(`${gone}: moved to ${moved}`) });
  expect(pins()).toMatchObject({ fetched: pinned(moved) });
});

const other = (source: string): string => `${header}extensions:\n  other:\n    source: { type: git, ${source} }\n`;

test.each([
  ['an unreachable repository', `url: '${url}-gone'`, 'SOURCE_UNREACHABLE'],
  ['an unknown ref', `url: '${url}', ref: mian`, 'SOURCE_REF_UNKNOWN'],
  ['no avocado.yaml', `url: '${url}', sparse_checkout: [overlay]`, 'SOURCE_NOT_AVOCADO'],
  ['a path that is not there', `url: '${url}', sparse_checkout: [nothing]`, 'SOURCE_PATH_MISSING'],
  ['a path that leaves the tree', `url: '${url}', sparse_checkout: [../..]`, 'CONFIG_PATH_OUTSIDE'],
  ['a protocol that runs programs', `url: 'ext::id'`, 'SOURCE_URL_INVALID'],
])('%s fails by itself: the other locks are written', async (_what, source, code) => {
  workspace.write('other/avocado.yaml', other(source));
  unpin();
  const result = await workspace.nx(['sync']);
  expect(result.code).not.toBe(0);
  expect(result.output).toContain(`[${code}]`);
  expect(result.output).toMatch(/other\/avocado\.yaml:\d+:\d+: /);
  expect(pins()).toHaveProperty('plain');
  // Nothing is left to write, and still it is not in order.
  expect((await workspace.nx(['sync:check'])).code).not.toBe(0);
});

test('a machine target that the feed does not know keeps no other lock from being written', async () => {
  workspace.write('other/avocado.yaml', 'default_target: raspberrypi5\nruntimes:\n  pi:\n    packages: {}\n');
  unpin();
  const { code, output } = await workspace.nx(['sync']);
  expect({ code, pinned: Object.keys(pins()) }).toEqual({ code: 0, pinned: ['fetched', 'plain', 'second'] });
  expect(output).toContain('notice: not everything of other/avocado.yaml can be pinned:');
  expect(output).toContain('raspberrypi5');
  const check = await workspace.nx(['sync:check']);
  expect(check).toMatchObject({ code: 0, output: expect.stringContaining('raspberrypi5') });
});

test('an empty avocado.yaml is a project, named by its folder, that says so', async () => {
  workspace.write('empty/avocado.yaml', '');
  const { code, output } = await workspace.nx(['run', 'empty:build']);
  expect(code).not.toBe(0);
  expect(output).toContain('empty/avocado.yaml:1:1: the file has no runtime and no extension [CONFIG_EMPTY]');
  await succeed(['sync:check']);
  workspace.write('empty/avocado.yaml', 'permissions:\n  users: {}\n');
  expect((await workspace.nx(['show', 'projects'])).output).not.toContain('empty');
});
