import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Sources } from './sources';
import type { WatchedTasks } from './tasks';

let root: string;
const write = (file: string): void => {
  mkdirSync(dirname(join(root, file)), { recursive: true });
  writeFileSync(join(root, file), '');
};

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'nx-avocado-sources-'));
  for (const file of ['one/avocado.yaml', 'one/overlay/etc/app.conf', 'two/overlay/usr/file']) write(file);
});
afterEach(() => rmSync(root, { recursive: true }));

function sources(): Sources {
  const names = ['one', 'two'];
  const target = (name: string) => ({ inputs: [{ fileset: `{workspaceRoot}/${name}/overlay/**/*` }] });
  const tasks = names.map((name) => [`${name}:build`, { id: '', target: { project: name, target: 'build' } }]);
  const projects = names.map((name) => [name, { root: name, targets: { build: target(name) } }]);
  const context = {
    root,
    taskGraph: { tasks: Object.fromEntries(tasks) as object },
    projectsConfigurations: { version: 2, projects: Object.fromEntries(projects) as object },
  };
  const options = Object.fromEntries(names.map((name) => [`${name}:build`, { step: 'extension-assemble' }]));
  return new Sources({ context, options, dependencies: {} } as unknown as WatchedTasks, ['one/avocado.yaml']);
}

const change = (...files: string[]) => sources().change(files.map((file) => join(root, file)));

test('a file belongs to the task that reads it', () => {
  expect(change('one/overlay/etc/app.conf')).toEqual({ tasks: new Set(['one:build']), graph: false });
  expect(change('two/README.md')).toEqual({ tasks: new Set(), graph: false });
});

test('a new file belongs to the task that reads it now, one that is gone to the one that read it', () => {
  const before = sources();
  write('two/overlay/usr/new');
  rmSync(join(root, 'one/overlay/etc/app.conf'));
  const paths = ['two/overlay/usr/new', 'one/overlay/etc/app.conf'].map((file) => join(root, file));
  expect(before.change(paths)).toEqual({ tasks: new Set(['one:build', 'two:build']), graph: false });
});

test('what the graph comes from', () => {
  for (const file of ['one/avocado.yaml', 'nx.json', 'two/Cargo.toml']) expect(change(file).graph).toBe(true);
});

test('the fewest directories that hold all', () => {
  expect(sources().directories()).toEqual([join(root, 'one'), join(root, 'two/overlay')]);
});
