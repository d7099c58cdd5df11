import { cpSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { TestWorkspace, repository } from './support/workspace';

/** All public Avocado projects in one workspace, each in a folder of its own. What is expected comes from the YAML alone. */
const corpus = join(repository, 'packages/engine/src/config/corpus');
const folders = readdirSync(corpus, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name)
  .sort();
const workspace = new TestWorkspace('corpus', ['examples', 'e2e', 'tools', 'docs']);

/** Machine targets that the debian feed has. */
const feed = ['qemuarm64', 'qemux86-64', 'raspberrypi4'];

interface File {
  default_target?: string;
  supported_targets?: '*' | string[];
  runtimes: Record<string, { extensions: string[] } & Record<string, { extensions?: string[] } | undefined>>;
  extensions: Record<string, { packages?: Record<string, unknown> }>;
}

/** One extension or runtime, as its file names it for the machine target that decides names. */
interface Expected {
  folder: string;
  kind: 'extension' | 'runtime';
  name: string;
  /** Of a runtime. */
  extensions: string[];
  /** Of an extension: packages that compile tasks make. */
  compiled: string[];
}

const expected = folders.flatMap(read);
const counts = new Map<string, number>();
for (const { name } of expected) counts.set(name, (counts.get(name) ?? 0) + 1);

/** The own name where no other file has it. */
const nameOf = (folder: string, name: string): string => (counts.get(name) === 1 ? name : `${folder}-${name}`);
const runtimes = expected.filter(({ kind }) => kind === 'runtime');

function read(folder: string): Expected[] {
  const file = parse(readFileSync(join(corpus, folder, 'avocado.yaml'), 'utf8')) as File;
  const { default_target, supported_targets = '*' } = file;
  const isSupported = (name: string): boolean => supported_targets === '*' || supported_targets.includes(name);
  // Without a default: what the file names first and the feed has, else what the feed has, else what the file names.
  const named = [
    ...(supported_targets === '*' ? [] : supported_targets),
    ...Object.values(file.runtimes).flatMap((runtime) => feed.filter((machine) => runtime[machine]).reverse()),
  ];
  const machines = [...named, ...feed].filter(isSupported);
  const machine = default_target ?? machines.find((name) => feed.includes(name)) ?? machines[0] ?? '';
  const fill = (text: string): string => text.replaceAll(/\{\{ avocado\.target(\.board)? \}\}/g, machine);
  const others = feed.filter(isSupported);
  return [
    ...Object.entries(file.runtimes).map(([name, runtime]) => ({
      ...{ folder, kind: 'runtime' as const, name, compiled: [] },
      extensions: [
        ...new Set([machine, ...others].flatMap((target) => runtime[target]?.extensions ?? runtime.extensions)),
      ].map(fill),
    })),
    ...Object.entries(file.extensions).map(([name, { packages = {} }]) => ({
      ...{ folder, kind: 'extension' as const, name: fill(name), extensions: [] },
      compiled: Object.entries(packages).flatMap(([key, spec]) =>
        typeof spec === 'object' && spec !== null && 'compile' in spec ? [key] : [],
      ),
    })),
  ];
}

const compileTasks = ({ compiled }: Expected): string[] =>
  compiled.length === 1 ? ['compile'] : compiled.map((name) => `compile-${name}`);

interface Target {
  executor: string;
  metadata?: { technologies?: string[]; description?: string; help?: { command: string } };
}

interface Graph {
  graph: {
    nodes: Record<string, { data: { metadata?: Target['metadata']; targets: Record<string, Target> } }>;
    dependencies: Record<string, { target: string }[]>;
  };
  tasks: { tasks: Record<string, unknown> };
}

async function graph(...args: string[]): Promise<Graph> {
  const { code, output } = await workspace.nx(args);
  if (code !== 0) throw new Error(output);
  return JSON.parse(output.slice(output.indexOf('{'))) as Graph;
}

let whole: Graph['graph'];

jest.setTimeout(180_000);
beforeAll(async () => {
  workspace.reset();
  for (const folder of folders) cpSync(join(corpus, folder), workspace.path(folder), { recursive: true });
  whole = (await graph('graph', '--file=stdout')).graph;
});

test('every extension and every runtime is a project; names that files share get their folder', () => {
  expect(folders).toHaveLength(22);
  const ours = Object.keys(whole.nodes).filter((name) => !['nx-avocado', '@nx-avocado/engine'].includes(name));
  expect(ours.sort()).toEqual(expected.map(({ folder, name }) => nameOf(folder, name)).sort());
  expect(new Set(ours).size).toBe(expected.length);
});

test('every runtime leads to each of its extensions, and nothing else leads anywhere', () => {
  const edges = Object.entries(whole.dependencies).flatMap(([source, targets]) =>
    targets.map(({ target }) => `${source} > ${target}`),
  );
  const wanted = runtimes.flatMap(({ folder, name, extensions }) =>
    extensions.map((extension) => `${nameOf(folder, name)} > ${nameOf(folder, extension)}`),
  );
  expect(edges.filter((edge) => !edge.startsWith('nx-avocado >')).sort()).toEqual(wanted.sort());
});

test('every project and every target says what it is', () => {
  for (const { folder, name } of expected) {
    const { metadata, targets } = whole.nodes[nameOf(folder, name)]!.data;
    expect(metadata).toMatchObject({ technologies: ['avocado'], description: expect.stringContaining(name) as string });
    for (const target of Object.values(targets)) {
      expect(target.metadata).toMatchObject({
        technologies: ['avocado'],
        description: expect.stringMatching(/^[A-Z].+/) as string,
        help: { command: expect.stringMatching(/^npx nx /) as string },
      });
    }
  }
});

test('the tasks of a provisioned disk are planned for every runtime', async () => {
  const plan = async ({ folder, name, extensions }: Expected): Promise<void> => {
    const runtime = nameOf(folder, name);
    const { tasks } = (await graph('run', `${runtime}:provision`, '--graph=stdout')).tasks;
    const own = expected.filter(
      (other) => other.folder === folder && other.kind === 'extension' && extensions.includes(other.name),
    );
    const wanted = [
      ...['sdk-install', 'rootfs', 'build', 'provision'].map((task) => `${runtime}:${task}`),
      ...own.flatMap((extension) =>
        ['sdk-install', ...compileTasks(extension), 'build'].map((task) => `${nameOf(folder, extension.name)}:${task}`),
      ),
    ];
    expect(
      Object.keys(tasks)
        .filter((id) => !id.endsWith(':config'))
        .sort(),
    ).toEqual(wanted.sort());
  };
  const left = [...runtimes];
  const worker = async (): Promise<void> => {
    for (let next = left.shift(); next; next = left.shift()) await plan(next);
  };
  await Promise.all([worker(), worker()]);
});

test('what nothing can be made of says why', async () => {
  const { code, output } = await workspace.nx(['run', 'rubicon-dev:sdk-install']);
  expect(code).not.toBe(0);
  expect(output).toContain('rubicon/avocado.yaml:1:1: No target architecture specified.');
  expect(output).toContain('[CONFIG_TARGET_MISSING]');
});

test('a file without a default machine target builds for one that is named with the task', async () => {
  const { code, output } = await workspace.nx(['run', 'java-hello-dev:sdk-install']);
  expect(code).not.toBe(0);
  expect(output).toContain('java-hello/avocado.yaml:1:1: No target architecture specified.');
  expect(output).toContain(':qemuarm64; here: qemuarm64, qemux86-64, raspberrypi4.');
  const { tasks } = (await graph('run', 'java-hello-dev:provision:qemux86-64', '--graph=stdout')).tasks;
  expect(tasks).toHaveProperty(['example-java:compile:qemux86-64']);
  expect(tasks).toHaveProperty(
    ['java-hello-dev:provision:qemux86-64', 'outputs'],
    ['java-hello/.avocado/dev/qemux86-64/provision'],
  );
});
