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

test('an output that is damaged in place is not used', async () => {
  const image = 'examples/rust-vitals/.avocado/example-rust/qemux86-64/build/example-rust-0.1.0.raw';
  await ran('example-rust:build');
  const good = workspace.digest(image);
  workspace.write(image, 'not an image');
  const { code, output } = await workspace.nx(['run', 'dev:build']);
  expect(`${code} ${output}`).toMatch(/^0 /);
  expect(workspace.digest(image)).toBe(good);
});
