import { rmSync } from 'node:fs';
import { runNxAvocado } from './support/nx';
import { TestWorkspace } from './support/workspace';

/** `npx nx-avocado why` after real edits of a workspace that was built by the real tools. */
const workspace = new TestWorkspace();
const product = 'examples/rust-vitals';
const overlay = 'examples/heartbeat/heartbeat/overlay/etc/heartbeat.conf';

interface Answer {
  task: string;
  state: string;
  changes: Record<string, unknown>[];
  follows: string[];
  cached?: boolean;
}

jest.setTimeout(25 * 60_000);

beforeAll(async () => {
  workspace.reset();
  workspace.forgetOutputs();
  const { code, output } = await workspace.nx(['run-many', '-t', 'build', '-p', 'example-rust,heartbeat']);
  if (code !== 0) throw new Error(output);
});
afterEach(() => workspace.reset());

/** What it says of each task that is not as it was. */
async function answers(task: string): Promise<Record<string, Answer>> {
  const { code, output, stdout } = await runNxAvocado(workspace.root, ['why', task, '--json']);
  if (code !== 0) throw new Error(output);
  const all = JSON.parse(stdout) as Answer[];
  return Object.fromEntries(all.map((answer) => [answer.task, answer]));
}

test('nothing changed: says so, and that the cache has it', async () => {
  const { code, output } = await runNxAvocado(workspace.root, ['why', 'example-rust']);
  expect({ code, lines: output.trim().split('\n') }).toEqual({
    code: 0,
    lines: [
      "example-rust:sdk-install  nothing changed; Nx's cache has it",
      "example-rust:compile      nothing changed; Nx's cache has it",
      "example-rust:build        nothing changed; Nx's cache has it",
    ],
  });
});

test('records hold nothing of the place that they were made in', () => {
  for (const task of ['sdk-install', 'compile', 'build']) {
    const record = workspace.read(`${product}/.avocado/example-rust/qemux86-64/${task}/inputs.json`);
    expect(record).toContain('"version":2');
    expect(record).not.toContain(workspace.root);
    expect(record.length).toBeLessThan(8000);
  }
});

test('main.rs: names it, and what follows', async () => {
  workspace.edit(`${product}/ref-rust/src/main.rs`, (text) => `// ${Date.now()}\n${text}`);
  workspace.write(`${product}/ref-rust/src/more.rs`, '');
  const found = await answers('example-rust:build');
  expect(found['example-rust:compile']).toMatchObject({
    state: 'changed',
    changes: [
      { kind: 'file', path: `${product}/ref-rust/src/main.rs`, how: 'changed' },
      { kind: 'file', path: `${product}/ref-rust/src/more.rs`, how: 'added' },
    ],
    cached: false,
  });
  expect(found['example-rust:build']).toMatchObject({ state: 'same', follows: ['example-rust:compile'] });
  expect(found['example-rust:sdk-install']).toMatchObject({ state: 'same', changes: [] });
});

test('an overlay file, and the mode of one', async () => {
  workspace.edit(overlay, (text) => `${text}# ${Date.now()}\n`);
  workspace.chmod(overlay, 0o755);
  const found = await answers('heartbeat:build');
  expect(found['heartbeat:build']).toMatchObject({
    state: 'changed',
    changes: [
      { kind: 'file', path: overlay, how: 'changed' },
      { kind: 'mode', path: overlay, executable: true },
    ],
  });
  // The mode stands in the options, and those are part of the key of all of the project's tasks.
  expect(found['heartbeat:sdk-install']).toMatchObject({ state: 'same', changes: [{ kind: 'key', name: 'targets' }] });
});

test('a section of avocado.yaml: the option, by its path, with both values', async () => {
  workspace.edit(`${product}/avocado.yaml`, (text) =>
    text.replace(/(example-rust:\n(?:.*\n)*?\s+version: )0\.1\.0/, '$10.1.7'),
  );
  const found = await answers('example-rust:build');
  expect(found['example-rust:build']?.changes).toEqual([
    { kind: 'option', path: 'section.version', before: '0.1.0', after: '0.1.7' },
  ]);
  expect(found['example-rust:compile']).toMatchObject({ state: 'same' });
});

test('a pin that moved: the package, with both versions', async () => {
  const pinned = /"libc6": "([^"]+)"/;
  const [, version = ''] = pinned.exec(workspace.read(`${product}/avocado.lock`)) ?? [];
  workspace.edit(`${product}/avocado.lock`, (text) => text.replaceAll(version, `${version}~was`));
  const { changes } = (await answers('example-rust:build'))['example-rust:sdk-install']!;
  expect(changes).toContainEqual({
    ...{ kind: 'package', root: 'sysroot', name: 'libc6' },
    ...{ before: version, after: `${version}~was` },
  });
  expect(changes.filter(({ kind }) => kind !== 'package')).toEqual([]);
});

test('an output that is damaged or gone', async () => {
  const built = `${product}/.avocado/example-rust/qemux86-64`;
  const archive = `${built}/compile/example-rust-app.tar`;
  const name = workspace.exists(archive) ? archive : `${built}/compile/app.tar`;
  workspace.write(name, 'damaged');
  rmSync(workspace.path(`${built}/build`), { recursive: true });
  const { output } = await runNxAvocado(workspace.root, ['why', 'example-rust:build']);
  expect(output).toMatch(/example-rust:compile +the output is damaged: .*\.tar; Nx's cache has it/);
  expect(output).toMatch(/example-rust:build +there is no output/);
  const { code, tasks } = await workspace.nx(['run', 'example-rust:build']);
  expect([code, tasks['example-rust:compile'], tasks['example-rust:build']]).toEqual([0, 'cached', 'cached']);
});

test('a typo: the nearest name, and exit code 1', async () => {
  const { code, output } = await runNxAvocado(workspace.root, ['why', 'example-rust:bild']);
  expect(code).toBe(1);
  expect(output).toContain(
    "example-rust has no task bild with an output [WHY_TASK_UNKNOWN]\n  hint: Did you mean 'build'?",
  );
});
