import { TestWorkspace } from './support/workspace';

/** The graph that Nx infers from the real examples; nothing is built here. */
const workspace = new TestWorkspace();
const rustVitals = 'examples/rust-vitals/avocado.yaml';

interface Project {
  root: string;
  targets: Record<
    string,
    {
      executor: string;
      cache: boolean;
      inputs: unknown[];
      outputs: string[];
      options: Record<string, unknown>;
      configurations?: Record<string, Record<string, unknown>>;
      dependsOn?: unknown[];
    }
  >;
}

const show = async (name: string, env: Record<string, string> = {}): Promise<Project> =>
  (await workspace.json(['show', 'project', name], env)) as Project;

const affected = async (file: string): Promise<string[]> =>
  ((await workspace.json(['show', 'projects', '--affected', `--files=${file}`])) as string[]).sort();

jest.setTimeout(60_000);
beforeAll(() => workspace.reset());
afterEach(() => workspace.reset());

test('one project for each extension and runtime of the workspace, and none for the fixtures', async () => {
  const names = (await workspace.json(['show', 'projects'])) as string[];
  expect(names.sort()).toEqual(
    [
      '@nx-avocado/engine',
      'nx-avocado',
      ...['dev', 'example-rust', 'config-dev', 'avocado-ext-dev', 'avocado-ext-sshd-dev', 'avocado-bsp-qemux86-64'],
      ...['heartbeat-dev', 'heartbeat', 'heartbeat-app', 'heartbeat-config'],
    ].sort(),
  );
});

test("an extension's name that another project has: that one keeps it, and every command works", async () => {
  workspace.write('services/heartbeat/project.json', JSON.stringify({ targets: { lint: { executor: 'nx:noop' } } }));
  const names = (await workspace.json(['show', 'projects'])) as string[];
  expect(names).toEqual(expect.arrayContaining(['heartbeat', 'heartbeat-heartbeat', 'heartbeat-dev', 'heartbeat-app']));
  expect((await show('heartbeat')).root).toBe('services/heartbeat');
  const { targets } = await show('heartbeat-dev');
  expect(targets['build']?.dependsOn).toContainEqual({ projects: ['heartbeat-heartbeat'], target: 'build' });
});

test("an extension's targets: cargo-cross where a crate names it, its own slice as options, a directory as output", async () => {
  const { root, targets } = await show('example-rust');
  expect(root).toBe('examples/rust-vitals/.avocado/example-rust');
  const work = Object.entries(targets).map(([name, { executor, options }]) => [name, [executor, options['step']]]);
  expect(Object.fromEntries(work)).toEqual({
    config: ['nx:noop', undefined],
    lock: ['nx:noop', undefined],
    'sdk-install': ['nx-avocado:step', 'sdk-install'],
    'sdk-run': ['nx-avocado:sdk-run', undefined],
    compile: ['nx-avocado:step', 'cargo-cross'],
    build: ['nx-avocado:step', 'extension-assemble'],
    deploy: ['nx-avocado:deploy', undefined],
  });
  const { compile, build } = targets;
  expect(compile?.options).toMatchObject({
    machine: 'qemux86-64',
    crate: 'examples/rust-vitals/ref-rust',
    outputPath: `${root}/qemux86-64/compile`,
  });
  expect(compile?.inputs).toContainEqual({ fileset: '{workspaceRoot}/examples/rust-vitals/ref-rust/**/*' });
  expect(build?.inputs).toEqual([
    { fileset: '{workspaceRoot}/examples/rust-vitals/overlay/**/*' },
    { dependentTasksOutputFiles: '**/manifest.json' },
    { externalDependencies: [] },
  ]);
  expect(build?.options['section']).toMatchObject({ name: 'example-rust', enable_services: ['ref-rust.service'] });
  expect(Object.keys(build?.configurations ?? {})).toEqual(['qemuarm64', 'raspberrypi4']);
  expect(build?.outputs).toEqual(['{options.outputPath}']);
});

test("a runtime's targets, in the order of a build; what boots is not cached, but a boot test is", async () => {
  const { targets } = await show('dev');
  expect(Object.entries(targets).map(([name, { cache }]) => [name, cache])).toEqual([
    ['config', true],
    ['lock', true],
    ['sdk-install', true],
    ['sdk-run', false],
    ['rootfs', true],
    ['build', true],
    ['provision', true],
    ['deploy', false],
    ['qemu', false],
    ['boot-test', true],
    ['watch', false],
    ['boot-chart', false],
    ['disk', false],
    ['flash', false],
    ['report', false],
  ]);
  expect(targets['qemu']).toMatchObject({ continuous: true, readyWhen: { signal: true } });
  expect(targets['build']?.dependsOn).toContainEqual({ projects: ['example-rust'], target: 'build' });
});

test('the runtime depends on its extensions', async () => {
  await workspace.nx(['graph', '--file=tmp/graph.json']);
  const { graph } = JSON.parse(workspace.read('tmp/graph.json')) as {
    graph: { dependencies: Record<string, { target: string; type: string }[]> };
  };
  expect(graph.dependencies['dev']?.map(({ target }) => target)).toEqual([
    'example-rust',
    'config-dev',
    'avocado-ext-dev',
    'avocado-ext-sshd-dev',
    'avocado-bsp-qemux86-64',
  ]);
});

test('an edit in one section changes the options of that project alone', async () => {
  const names = ['example-rust', 'config-dev', 'avocado-ext-dev', 'dev'];
  const before = await Promise.all(names.map((name) => show(name)));
  // Lines above the other sections too: where a section stands must not count.
  workspace.edit(rustVitals, (text) =>
    text.replace('# A Rust service', '# one\n# two\n# A Rust service').replace(
      `  config-dev:
    version: 0.1.0
`,
      `  config-dev:
    version: 0.2.0
`,
    ),
  );
  const after = await Promise.all(names.map((name) => show(name)));
  const changed = names.filter((_name, index) => JSON.stringify(before[index]) !== JSON.stringify(after[index]));
  expect(changed).toEqual(['config-dev']);
});

test('AVOCADO_TARGET chooses the default machine target', async () => {
  const { targets } = await show('avocado-bsp-qemuarm64', { AVOCADO_TARGET: 'qemuarm64' });
  expect(targets['build']?.options['machine']).toBe('qemuarm64');
  expect(Object.keys(targets['build']?.configurations ?? {})).toEqual(['qemux86-64', 'raspberrypi4']);
});

test.each([
  ['examples/rust-vitals/ref-rust/src/main.rs', ['dev', 'example-rust']],
  ['examples/rust-vitals/overlay/usr/lib/systemd/system/ref-rust.service', ['dev', 'example-rust']],
  ['examples/rust-vitals/boot-test.json', ['dev']],
  ['examples/heartbeat/overlay/etc/motd', ['heartbeat-config', 'heartbeat-dev']],
  ['README.md', []],
])('an edit of %s affects %j', async (file, projects) => {
  workspace.write(file, `${workspace.exists(file) ? workspace.read(file) : ''}\n`);
  expect(await affected(file)).toEqual(projects);
});

test('an edit of an avocado.yaml affects the projects that come from it', async () => {
  const projects = await affected('examples/heartbeat/avocado.yaml');
  expect(projects).toEqual(['heartbeat', 'heartbeat-app', 'heartbeat-config', 'heartbeat-dev']);
});

test('names that two files share get their folder', async () => {
  workspace.write('examples/other/avocado.yaml', workspace.read('examples/heartbeat/avocado.yaml'));
  const names = (await workspace.json(['show', 'projects'])) as string[];
  expect(names).toEqual(
    expect.arrayContaining(['heartbeat-heartbeat', 'other-heartbeat', 'other-heartbeat-dev', 'dev']),
  );
  expect(names).not.toContain('heartbeat');
});

test('without a crate that names the extension, its scripts compile it', async () => {
  workspace.edit('examples/rust-vitals/ref-rust/Cargo.toml', (text) =>
    text.replace(/\[package\.metadata\.avocado\][^[]*/, ''),
  );
  const { targets } = await show('example-rust');
  expect(targets['compile']).toMatchObject({
    executor: 'nx-avocado:step',
    options: {
      step: 'sdk-compile',
      section: 'example-rust-app',
      compile: 'rust-compile.sh',
      install: 'rust-install.sh',
    },
  });
  expect(targets['compile']?.inputs).toContainEqual({ fileset: '!{workspaceRoot}/examples/rust-vitals/avocado.yaml' });
});

test('a second start reads no avocado.yaml, and a damaged cache is not believed', async () => {
  const first = await show('dev');
  // Made of whole runs; damaged, too.
  workspace.write('.nx/workspace-data/nx-avocado-nodes.json', '{"key');
  workspace.write('.nx/workspace-data/nx-avocado.json', '{"examples/rust');
  expect(await show('dev')).toEqual(first);
  expect(JSON.parse(workspace.read('.nx/workspace-data/nx-avocado.json'))).toHaveProperty(['entries', rustVitals]);
});
