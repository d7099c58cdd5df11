import { configFiles, enabledUnits, watchedTasks, withDependents } from './tasks';

const step = (name: string, options: object = {}) => ({
  executor: 'nx-avocado:step',
  options: { step: name, ...options },
});
const context = {
  root: '/workspace',
  taskGraph: {
    roots: [],
    tasks: Object.fromEntries(
      ['app:config', 'app:compile', 'app:build:arm', 'dev:build', 'dev:watch'].map((id) => {
        const [project = '', target = '', configuration] = id.split(':');
        const overrides = { __overrides_unparsed__: ['--x'] };
        return [id, { id, target: { project, target, configuration }, overrides, outputs: [], parallelism: true }];
      }),
    ),
    dependencies: {
      'app:config': [],
      'app:compile': ['app:config'],
      'app:build:arm': ['app:compile'],
      'dev:build': ['app:build:arm'],
      'dev:watch': ['dev:build'],
    },
    continuousDependencies: {},
  },
  projectsConfigurations: {
    version: 2,
    projects: {
      app: {
        root: 'app',
        targets: {
          config: { executor: 'nx:noop', inputs: [{ fileset: '{workspaceRoot}/app/avocado.yaml' }] },
          compile: { executor: 'nx-avocado:cargo-cross', options: { outputPath: 'out' } },
          build: {
            ...step('extension-assemble', { section: { enable_services: ['b.service', 'a.service'] }, machine: 'x86' }),
            configurations: { arm: { machine: 'arm' } },
          },
        },
      },
      dev: { root: 'dev', targets: { build: step('runtime-build'), watch: { executor: 'nx-avocado:watch' } } },
    },
  },
} as unknown as Parameters<typeof watchedTasks>[0];

test('steps of the graph, with the options of their configuration; before Nx 24 the executor says which', () => {
  const { options, dependencies } = watchedTasks(context);
  expect(Object.keys(options)).toEqual(['app:compile', 'app:build:arm', 'dev:build']);
  expect(options['app:compile']).toEqual({ step: 'cargo-cross', outputPath: 'out' });
  expect(options['app:build:arm']).toMatchObject({ step: 'extension-assemble', machine: 'arm' });
  expect(dependencies).toEqual({
    'app:compile': [],
    'app:build:arm': ['app:compile'],
    'dev:build': ['app:build:arm'],
  });
});

test('what follows a changed task, and nothing before it', () => {
  const { dependencies } = watchedTasks(context);
  expect(withDependents(dependencies, new Set(['app:build:arm']))).toEqual({
    'app:build:arm': [],
    'dev:build': ['app:build:arm'],
  });
});

test('the files that the graph comes from, and the units whose journal is of interest', () => {
  expect(configFiles(context)).toEqual(['app/avocado.yaml']);
  expect(enabledUnits(watchedTasks(context))).toEqual(['a.service', 'b.service']);
});
