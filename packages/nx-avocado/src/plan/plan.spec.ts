import type { TargetConfiguration } from '@nx/devkit';
import { githubPlan, gitlabPlan } from './ci-format';
import { planOf } from './plan';
import type { Plan, PlanOptions } from './plan';
import type { NxGraph } from './tasks';

/** What each task needs, in Nx's form: `config` does nothing, names in `uncached` are not cached. */
function graphOf(needs: Record<string, string[]>, uncached: string[] = [], more: string[] = []): NxGraph {
  const parts = (id: string): [string, string] => id.split(':') as [string, string];
  const nodes: NxGraph['graph']['nodes'] = {};
  for (const id of [...Object.keys(needs), ...more]) {
    const [project, target] = parts(id);
    const { targets } = (nodes[project] ??= { data: { targets: {} } }).data;
    targets![target] = { executor: executors[target] ?? 'nx:run-commands', ...stepOf(target, project) };
  }
  const tasks = Object.fromEntries(
    Object.keys(needs).map((id) => {
      const [project, target] = parts(id);
      return [id, { id, target: { project, target }, cache: !uncached.includes(target), outputs: [], overrides: {} }];
    }),
  );
  const dependencies = Object.fromEntries(
    Object.entries(needs).map(([id, ids]) => [id, ids.map((one) => ({ id: one }))]),
  );
  return { graph: { nodes }, tasks: { roots: [], tasks, dependencies, continuousDependencies: {} } as never };
}

const executors: Record<string, string> = {
  config: 'nx:noop',
  ...Object.fromEntries(['sdk-install', 'rootfs', 'build', 'provision'].map((name) => [name, 'nx-avocado:step'])),
  'boot-test': 'nx-avocado:boot-test',
};

function stepOf(target: string, project: string): Pick<TargetConfiguration, 'options'> {
  const build = project.startsWith('dev') ? 'runtime-build' : 'extension-assemble';
  return { options: { step: target === 'build' ? build : target } };
}

const extension = (name: string, more: string[] = []): Record<string, string[]> => ({
  [`${name}:config`]: [],
  [`${name}:sdk-install`]: [],
  [`${name}:build`]: [`${name}:config`, `${name}:sdk-install`, ...more],
});

const runtime = (name: string, extensions: string[]): Record<string, string[]> => ({
  [`${name}:config`]: [],
  [`${name}:sdk-install`]: [],
  [`${name}:rootfs`]: [`${name}:config`, `${name}:sdk-install`],
  [`${name}:build`]: [`${name}:sdk-install`, `${name}:rootfs`, ...extensions.map((one) => `${one}:build`)],
  [`${name}:provision`]: [`${name}:sdk-install`, `${name}:rootfs`, `${name}:build`],
  [`${name}:boot-test`]: [`${name}:sdk-install`, `${name}:provision`],
});

/** 40 extensions, of which each of four runtimes has ten of its own and all share the first. */
const names = Array.from({ length: 40 }, (_, index) => `ext${String(index).padStart(2, '0')}`);
const product = {
  ...Object.assign({}, ...names.map((name) => extension(name))),
  ...Object.assign(
    {},
    ...[0, 1, 2, 3].map((n) => runtime(`dev${n}`, [...new Set([names[0]!, ...names.slice(10 * n, 10 * n + 10)])])),
  ),
} as Record<string, string[]>;

const usual: PlanOptions = { shards: 4, stages: 3, isolated: false };
const of = (needs: Record<string, string[]>, options: Partial<PlanOptions> = {}, uncached: string[] = []): Plan =>
  planOf(graphOf(needs, uncached), { ...usual, ...options });
const work = (needs: Record<string, string[]>): string[] => Object.keys(needs).filter((id) => !id.endsWith(':config'));
const runs = (plan: Plan): string[][] =>
  plan.map((shards) =>
    shards.map((shard) => shard.runs.map((run) => `${run.targets.join()} ${run.projects.join()}`).join('; ')),
  );

/** What a plan has to hold, whatever the graph. */
function check(plan: Plan, needs: Record<string, string[]>): void {
  const placed = new Map<string, string>();
  for (const [stage, shards] of plan.entries()) {
    for (const [shard, { tasks }] of shards.entries()) {
      for (const id of tasks) {
        expect([id, placed.get(id)]).toEqual([id, undefined]);
        placed.set(id, `${stage}.${shard}`);
      }
    }
  }
  expect([...placed.keys()].sort()).toEqual(work(needs).sort());
  for (const id of work(needs)) {
    for (const other of (needs[id] ?? []).filter((one) => placed.has(one))) {
      const [before, after] = [placed.get(other)!, placed.get(id)!];
      expect(before === after || Number.parseInt(before) < Number.parseInt(after)).toBe(true);
    }
  }
}

test('every task is in one shard, after what it needs or beside it', () => {
  const plan = of(product);
  check(plan, product);
  expect(plan.map((shards) => shards.length)).toEqual([4, 4]);
});

test('a project’s chain stays together: images and OS images first, then what is composed of them', () => {
  const [first, second] = of(product);
  for (const { tasks } of first!) {
    const built = tasks.filter((id) => /^ext.*:build$/.test(id)).map((id) => id.replace('build', 'sdk-install'));
    expect(tasks).toEqual(expect.arrayContaining(built));
  }
  expect(first!.flatMap(({ tasks }) => tasks).filter((id) => id.endsWith(':rootfs'))).toHaveLength(4);
  expect(runs([second!])[0]).toEqual(['boot-test dev0', 'boot-test dev1', 'boot-test dev2', 'boot-test dev3']);
});

test('shards are even: one OS image and ten extensions each', () => {
  const [first] = of(product);
  const counts = first!.map(({ tasks }) =>
    ['rootfs', 'build'].map((name) => tasks.filter((id) => id.endsWith(name)).length),
  );
  expect(counts).toEqual(Array(4).fill([1, 10]));
});

test('the same graph in another order is the same plan', () => {
  const backwards = Object.fromEntries(
    Object.entries(product)
      .reverse()
      .map(([id, ids]) => [id, [...ids].reverse()]),
  );
  expect(of(backwards)).toEqual(of(product));
});

test('runtimes that share nothing: one stage, each shard a whole product', () => {
  const apart = { ...extension('a'), ...extension('b'), ...runtime('dev1', ['a']), ...runtime('dev2', ['b']) };
  expect(runs(of(apart))).toEqual([['boot-test dev1', 'boot-test dev2']]);
});

test('accounts: an extension waits for the OS image in the same shard', () => {
  const accounts = {
    ...extension('web', ['dev1:rootfs']),
    ...Object.assign({}, ...names.map((name) => extension(name))),
    ...runtime('dev1', ['web', ...names]),
    ...runtime('dev2', ['web', ...names]),
  } as Record<string, string[]>;
  const plan = of(accounts);
  check(plan, accounts);
  expect(plan).toHaveLength(2);
  expect(plan[0]!.find(({ tasks }) => tasks.includes('web:build'))!.tasks).toContain('dev1:rootfs');
});

test('no more stages than asked for; in one, all that hangs together is one shard', () => {
  const deep = Object.fromEntries(
    Array.from({ length: 6 }, (_, level) =>
      ['x', 'y', 'z'].map((name) => [
        `${name}${level}:compile`,
        level === 0 ? [] : ['x', 'y', 'z'].map((other) => `${other}${level - 1}:compile`),
      ]),
    ).flat(),
  ) as Record<string, string[]>;
  for (const stages of [1, 2, 3]) {
    const plan = of(deep, { stages });
    check(plan, deep);
    expect(plan.length).toBeLessThanOrEqual(stages);
  }
  expect(runs(of(product, { stages: 1 }))).toEqual([['boot-test dev0,dev1,dev2,dev3']]);
});

test('isolated: one stage, each shard whole chains; what two need, both make', () => {
  const [only, ...others] = of(product, { isolated: true });
  expect(others).toEqual([]);
  expect(runs([only!])[0]!.sort()).toEqual(['boot-test dev0', 'boot-test dev1', 'boot-test dev2', 'boot-test dev3']);
  expect(only!.filter(({ tasks }) => tasks.includes('ext00:build'))).toHaveLength(4);
  expect(only!.filter(({ tasks }) => tasks.includes('ext25:build'))).toHaveLength(1);
});

test.each([false, true])('what is not cached is in one shard, with all that follows it (isolated: %s)', (isolated) => {
  const needs = { ...product, 'shop:e2e': ['dev0:provision', 'dev1:provision'] };
  const plan = of(needs, { isolated }, ['provision', 'e2e']);
  const shards = plan.flat().filter(({ tasks }) => tasks.some((id) => /^dev[01]:provision$/.test(id)));
  expect(shards).toHaveLength(1);
  expect(shards[0]!.tasks).toEqual(expect.arrayContaining(['dev0:boot-test', 'dev1:boot-test', 'shop:e2e']));
  expect(shards[0]!.runs).toEqual([{ targets: ['boot-test', 'e2e'], projects: ['dev0', 'dev1', 'shop'] }]);
});

test('what is not cached and no single command reaches is an error', () => {
  const needs = { 'p:prepare': [], 'a:one': ['p:prepare'], 'b:two': ['p:prepare'] };
  // `nx run-many -t one,two -p a,b` would run a:two, which nobody asked for.
  const graph = graphOf(needs, ['prepare'], ['a:two']);
  expect(() => planOf(graph, usual)).toThrow(
    expect.objectContaining({ code: 'PLAN_UNCACHED_TWICE', hint: expect.stringContaining('cache: true') as string }),
  );
});

test('a command names no target that another shard runs', () => {
  const needs = {
    ...extension('a'),
    ...extension('b'),
    ...runtime('dev1', ['a', 'b']),
    ...runtime('dev2', ['a', 'b']),
  };
  const plan = of(
    { ...needs, ...Object.assign({}, ...names.map((name) => extension(name))) },
    { shards: 1, stages: 2 },
  );
  expect(runs(plan)).toEqual([
    [`boot-test,build ${['a', 'b', 'dev1', 'dev2', ...names].sort().join()}`.replace('a,b,', '')],
  ]);
});

test('what is not affected weighs little: a small change is work for one agent', () => {
  const affected = new Set(['ext00', 'dev0', 'dev1', 'dev2', 'dev3'].flatMap((name) => [`${name}:build`]));
  const plan = planOf(graphOf(runtime('dev0', names.slice(0, 5)), []), usual, affected);
  expect(plan.map((shards) => shards.length)).toEqual([1]);
});

test('an empty graph: valid for both services, and nothing runs', () => {
  expect(githubPlan(of({}))).toBe('{"stages":[]}\n');
  expect(of({ 'a:config': [] })).toEqual([]);
  expect(JSON.parse(gitlabPlan([]))).toEqual({ nothing: { script: ['echo "Nothing is affected."'] } });
});

test('both forms', () => {
  const plan = of({ ...extension('a'), ...extension('b') }, { shards: 2 });
  expect(JSON.parse(githubPlan(plan))).toEqual({
    stages: [
      {
        shard: [
          { name: '1 of 2', runs: 'build a' },
          { name: '2 of 2', runs: 'build b' },
        ],
      },
    ],
  });
  expect(JSON.parse(gitlabPlan(plan))).toEqual({
    stages: ['stage-1'],
    'stage-1 1/2': { extends: '.shard', stage: 'stage-1', variables: { RUNS: 'build a' } },
    'stage-1 2/2': { extends: '.shard', stage: 'stage-1', variables: { RUNS: 'build b' } },
  });
});
