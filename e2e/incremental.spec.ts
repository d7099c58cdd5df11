import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TestWorkspace } from './support/workspace';

/** What runs again after an edit, by Nx's own record of the run, with real builds and real boots. */
const workspace = new TestWorkspace();
const main = 'examples/rust-vitals/ref-rust/src/main.rs';

/** In every edit: what an earlier run of these tests left in the workspace's cache must not answer. */
const unique = String(Date.now());

/** Runs a task and says which tasks were not taken from the cache. `config` starts no process and does nothing. */
async function ran(task: string): Promise<string[]> {
  const { code, output, tasks } = await workspace.nx(['run', task]);
  if (code !== 0) throw new Error(output);
  return Object.entries(tasks)
    .flatMap(([id, outcome]) => (outcome === 'ran' && !id.endsWith(':config') ? [id] : []))
    .sort();
}

jest.setTimeout(25 * 60_000);

beforeAll(async () => {
  workspace.reset();
  workspace.forgetOutputs();
  await ran('dev:boot-test');
});
afterEach(() => workspace.reset());

test('nothing runs again when nothing changed', async () => {
  expect(await ran('dev:boot-test')).toEqual([]);
});

test('new code: compile, its extension, the runtime, the disk and the boot test, which shows the new output', async () => {
  workspace.edit(main, (text) => text.replace('"uptime":{}', `"uptime":{},"edited":${unique}`));
  const { code, output, tasks } = await workspace.nx(['run', 'dev:boot-test', '--outputStyle=stream']);
  expect({ code, output: code === 0 ? '' : output }).toEqual({ code: 0, output: '' });
  const again = Object.entries(tasks).flatMap(([id, outcome]) => (outcome === 'ran' ? [id] : []));
  expect(again.filter((id) => !id.endsWith(':config')).sort()).toEqual([
    'dev:boot-test',
    'dev:build',
    'dev:provision',
    'example-rust:build',
    'example-rust:compile',
  ]);
  expect(output).toMatch(new RegExp(`"hostname":"avocado-qemux86-64","uptime":\\d+,"edited":${unique}`));
});

test('without a lock the first build makes it, and the second finds that nothing else changed', async () => {
  rmSync(workspace.path('examples/rust-vitals/avocado.lock'));
  workspace.edit(main, (text) => text.replace('use std::fs;', `// Without a lock, ${unique}.\nuse std::fs;`));
  const first = await workspace.nx(['run', 'example-rust:build', '--outputStyle=stream']);
  expect(first.output).toMatch(/avocado\.lock had no packages for the extension example-rust/);
  expect(first.output).toMatch(/Compiling ref_rust/);
  // The lock's digest stands in the options, and those are part of the key of all of the project's tasks.
  const second = await workspace.nx(['run', 'example-rust:build', '--outputStyle=stream']);
  expect(second).toMatchObject({ code: 0, tasks: { 'example-rust:sdk-install': 'ran' } });
  expect(second.output).not.toMatch(/Compiling|pack example-rust|install the/);
  expect(await ran('example-rust:build')).toEqual([]);
});

test('what follows an edit shares one process', async () => {
  workspace.edit(main, (text) => text.replace('"uptime":{}', `"uptime":{},"again":${unique}`));
  const { output } = await workspace.nx(['run', 'dev:provision']);
  expect(output.match(/Running 4 tasks with nx-avocado:step/g)).toHaveLength(1);
});

test('a comment: compile alone', async () => {
  await ran('dev:boot-test');
  workspace.edit(main, (text) => text.replace('use std::fs;', `// A comment, ${unique}.\nuse std::fs;`));
  expect(await ran('dev:boot-test')).toEqual(['example-rust:compile']);
});

test("another extension's section: this one stays cached", async () => {
  workspace.edit('examples/rust-vitals/avocado.yaml', (text) =>
    text.replace('  config-dev:\n    version: 0.1.0', `  config-dev:\n    version: 0.1.${unique}`),
  );
  expect(await ran('dev:provision')).toEqual([
    'config-dev:build',
    'config-dev:sdk-install',
    'dev:build',
    'dev:provision',
  ]);
});

test('an overlay file, then its mode', async () => {
  const file = `examples/heartbeat/heartbeat/overlay/usr/share/heartbeat/${unique}`;
  await ran('heartbeat:build');
  workspace.write(file, `${unique}\n`);
  expect(await ran('heartbeat:build')).toEqual(['heartbeat:build']);
  workspace.chmod(file, 0o755);
  // The mode stands in the options, and those are part of the key of all of the project's tasks.
  expect(await ran('heartbeat:build')).toEqual(['heartbeat:build', 'heartbeat:sdk-install']);
});

test('what is no file in an overlay is part of the key: an empty directory ships, a FIFO is refused', async () => {
  const directory = workspace.path(`examples/heartbeat/heartbeat/overlay/usr/lib/empty-${unique}`);
  await ran('heartbeat:build');
  mkdirSync(directory);
  try {
    expect(await ran('heartbeat:build')).toEqual(['heartbeat:build', 'heartbeat:sdk-install']);
    execFileSync('mkfifo', [join(directory, 'pipe')]);
    const { code, output } = await workspace.nx(['run', 'heartbeat:build']);
    expect(code).not.toBe(0);
    expect(output).toMatch(/avocado\.yaml:\d+:\d+: .*empty-\d+\/pipe is no file.*\[EXTENSION_SPECIAL_FILE\]/);
  } finally {
    rmSync(directory, { recursive: true });
  }
  expect(await ran('heartbeat:build')).toEqual([]);
});

test('what a killed build left goes with the next one, though its own task comes from the cache', async () => {
  const built = 'examples/heartbeat/.avocado/heartbeat-app/qemux86-64';
  await ran('heartbeat-dev:build');
  // No process has such a number.
  workspace.write(`${built}/.tmp-build-4194305-0123456789ab/image.raw`, 'half');
  workspace.write(`examples/heartbeat/heartbeat/overlay/usr/share/heartbeat/${unique}-killed`, unique);
  expect(await ran('heartbeat-dev:build')).not.toContain('heartbeat-app:build');
  expect(readdirSync(workspace.path(built)).filter((name) => name.startsWith('.tmp-'))).toEqual([]);
});

test('an output that is damaged in place is not used', async () => {
  const image = 'examples/rust-vitals/.avocado/example-rust/qemux86-64/build/example-rust-0.1.0.raw';
  await ran('example-rust:build');
  const good = workspace.digest(image);
  workspace.write(image, 'not an image');
  const { code, output } = await workspace.nx(['run', 'dev:build']);
  expect(`${code} ${output}`).toMatch(/^0 /);
  expect(workspace.digest(image)).toBe(good);
});

describe('after any edit the outputs are those of a clean build elsewhere', () => {
  const elsewhere = new TestWorkspace('clean');
  const product = 'examples/heartbeat';
  const file = `${product}/heartbeat/overlay/etc/heartbeat.conf`;
  const link = `${product}/heartbeat/overlay/etc/link`;
  const add = (path: string) => (on: TestWorkspace) => on.edit(path, (text) => `${text}# ${unique}\n`);
  const point = (to: string) => (on: TestWorkspace) => {
    rmSync(on.path(link), { force: true });
    symlinkSync(to, on.path(link));
  };
  const configure = (from: string, to: string) => (on: TestWorkspace) =>
    on.edit(`${product}/avocado.yaml`, (text) => text.replace(from, to));

  const outputs = (on: TestWorkspace): Record<string, string> =>
    Object.fromEntries(
      readdirSync(on.path(`${product}/.avocado`), { recursive: true, withFileTypes: true })
        .map((entry) => ({ entry, path: join(entry.parentPath, entry.name).slice(on.root.length + 1) }))
        // Records name options of all of a project; the OS image is not what is edited here.
        .filter(({ entry, path }) => entry.isFile() && !/inputs\.json$|[/]rootfs[/]/.test(path))
        .map(({ path }) => [path, on.digest(path)]),
    );

  async function provision(on: TestWorkspace, env: Record<string, string> = {}): Promise<Record<string, string>> {
    const { code, output } = await on.nx(['run', 'heartbeat-dev:provision'], env);
    if (code !== 0) throw new Error(output);
    return outputs(on);
  }

  /** Nothing but the OS image is there before: no output, no record, and an empty cache. */
  async function cleanBuild(): Promise<Record<string, string>> {
    const built = elsewhere.path(`${product}/.avocado`);
    for (const path of elsewhere.exists(`${product}/.avocado`) ? readdirSync(built) : []) {
      if (path !== 'heartbeat-dev') rmSync(join(built, path), { recursive: true });
    }
    for (const task of ['build', 'provision']) {
      rmSync(join(built, 'heartbeat-dev/qemux86-64', task), { recursive: true, force: true });
    }
    rmSync(elsewhere.path('.nx'), { recursive: true, force: true });
    const cache = mkdtempSync(join(tmpdir(), 'nx-avocado-clean-'));
    try {
      return await provision(elsewhere, { NX_CACHE_DIRECTORY: cache });
    } finally {
      rmSync(cache, { recursive: true });
    }
  }

  beforeAll(() => elsewhere.reset());
  afterAll(() => elsewhere.reset());

  test('one file, two at once, a mode, links, options of one target, back again', async () => {
    const last = '      - heartbeat\n';
    const edits: [string, ...((on: TestWorkspace) => void)[]][] = [
      ['a file', add(file)],
      ['files of two extensions', add(file), add(`${product}/overlay/etc/motd`)],
      ['a mode and a link', (on) => on.chmod(file, 0o755), point('heartbeat.conf')],
      ['the link alone', point('/etc/motd')],
      ['the version of one', configure('- confext\n    version: 0.1.0', `- confext\n    version: 0.1.${unique}`)],
      [
        'their order',
        configure('      - heartbeat-config\n', ''),
        configure(last, `${last}      - heartbeat-config\n`),
      ],
      ['all undone', (on) => on.reset()],
    ];
    let before = await provision(workspace);
    for (const [name, ...changes] of edits) {
      for (const on of [workspace, elsewhere]) changes.forEach((change) => change(on));
      const now = await provision(workspace);
      expect({ name, now }).toEqual({ name, now: await cleanBuild() });
      expect({ name, now }).not.toEqual({ name, now: before });
      before = now;
    }
  });
});
