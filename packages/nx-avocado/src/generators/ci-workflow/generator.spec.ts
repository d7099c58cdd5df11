import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Tree } from '@nx/devkit';
import { updateNxJson, readNxJson } from '@nx/devkit';
import { createTreeWithEmptyWorkspace } from '@nx/devkit/testing';
import { AvocadoError } from '@nx-avocado/engine/error';
import { parse } from 'yaml';
import ciWorkflowGenerator, { generateCiWorkflow } from './generator';
import type { CiWorkflowOptions } from './generator';

const files = { github: '.github/workflows/ci.yml', gitlab: '.gitlab-ci.yml' };
let tree: Tree;

beforeEach(() => {
  tree = createTreeWithEmptyWorkspace();
});

async function generate(options: CiWorkflowOptions): Promise<string> {
  await generateCiWorkflow(tree, { ...options, skipFormat: true });
  return tree.read(options.file ?? files[options.provider], 'utf8') ?? '';
}

type Step = { uses?: string; run?: string; id?: string; env?: Record<string, string>; with?: Record<string, unknown> };

interface GitHubJob {
  needs?: string | string[];
  if?: string;
  strategy?: { matrix: string };
  uses?: string;
  secrets?: Record<string, string>;
  environment?: string;
  env?: Record<string, string>;
  steps: Step[];
}

interface GitHub {
  on: { push: { branches: string[] }; pull_request: null };
  jobs: Record<string, GitHubJob> & Record<'sync' | 'build', GitHubJob>;
}

interface GitLab {
  build: { parallel?: number; script: string[]; before_script: string[] };
  plan: { script: string[] };
  shards: { trigger: { include: Record<string, string>[] } };
}

const github = async (options: Partial<CiWorkflowOptions> = {}): Promise<GitHub> =>
  parse(await generate({ provider: 'github', ...options })) as GitHub;
const gitlab = async (options: Partial<CiWorkflowOptions> = {}): Promise<GitLab> =>
  parse(await generate({ provider: 'gitlab', ...options })) as GitLab;
const second = <T>(file: string): T => parse(tree.read(file, 'utf8') ?? '') as T;

test('github: one agent runs what is affected, with the whole history, the locks checked beside it', async () => {
  const { on, jobs } = await github();
  expect(on).toEqual({ push: { branches: ['main'] }, pull_request: null });
  expect(Object.keys(jobs)).toEqual(['sync', 'build']);
  expect(jobs.build.steps[0]).toMatchObject({ with: { 'fetch-depth': 0, 'persist-credentials': false } });
  expect(jobs.build.steps).toContainEqual({ name: 'Build and boot', run: 'npx nx affected --targets="$TARGETS"' });
  expect(jobs.sync.steps.at(-1)).toEqual({ run: 'npx nx sync:check' });
  expect(tree.exists('.github/workflows/ci-shard.yml')).toBe(false);
});

test('github: several agents: a plan, then a job for each stage of it, which a second file tells what to do', async () => {
  const { jobs } = await github({ shards: 3, remoteCache: true });
  expect(Object.keys(jobs)).toEqual(['sync', 'plan', 'stage-1', 'stage-2', 'stage-3']);
  const plan = jobs['plan']!.steps.find(({ id }) => id === 'plan');
  expect(plan?.run).toContain('npx nx-avocado plan --targets="$TARGETS" --shards=3 --stages=3 $ISOLATED)');
  expect(plan?.env?.['ISOLATED']).toBe("${{ github.event_name == 'pull_request' && '--isolated' || '' }}");
  expect(jobs['stage-2']).toMatchObject({
    needs: ['plan', 'stage-1'],
    if: 'fromJSON(needs.plan.outputs.plan).stages[1] != null',
    strategy: { 'fail-fast': false, matrix: '${{ fromJSON(needs.plan.outputs.plan).stages[1] }}' },
    uses: './.github/workflows/ci-shard.yml',
    with: { runs: '${{ matrix.shard.runs }}' },
    secrets: { NX_CACHE_TOKEN: '${{ secrets.NX_CACHE_TOKEN }}' },
  });
  const shard = second<GitHub>('.github/workflows/ci-shard.yml').jobs.build;
  const run = shard.steps.find(({ env }) => env?.['RUNS']);
  expect(run?.env).toEqual({ RUNS: '${{ inputs.runs }}' });
  // Nx would keep a batch's results to its end.
  expect(run?.run).toContain('--batch=false');
});

test('without a remote cache agents hand nothing on: one stage', async () => {
  const { jobs } = await github({ shards: 3 });
  expect(Object.keys(jobs)).toEqual(['sync', 'plan', 'stage-1']);
  expect(jobs['plan']!.steps.find(({ id }) => id === 'plan')?.run).toContain('--stages=1 --isolated');
  expect((await gitlab({ shards: 3 })).plan.script.join()).toContain('--stages=1 --format=gitlab --isolated');
});

test('what a plan says never becomes part of a script', async () => {
  await github({ shards: 3, remoteCache: true });
  const workflows = ['ci', 'ci-shard'].map((name) => second<GitHub>(`.github/workflows/${name}.yml`));
  const scripts = workflows.flatMap(({ jobs }) => Object.values(jobs).flatMap(({ steps }) => steps ?? []));
  expect(scripts.flatMap(({ run }) => (run?.includes('${{') ? [run] : []))).toEqual([]);
});

test('github: every action is pinned to a major version at least', async () => {
  const { jobs } = await github({ shards: 2 });
  const shard = second<GitHub>('.github/workflows/ci-shard.yml').jobs.build;
  const used = [...jobs.sync.steps, ...jobs['plan']!.steps, ...shard.steps].flatMap(({ uses }) => uses ?? []);
  expect(used.length).toBeGreaterThan(4);
  expect(used.filter((action) => !/@v\d+/.test(action))).toEqual([]);
});

test('the store is kept by the digest of the locks, and only what is proved when it is used', async () => {
  const { jobs } = await github();
  const [restore, save] = jobs.build.steps.filter(({ uses }) => uses?.startsWith('actions/cache'));
  expect(restore?.with).toMatchObject({ path: '~/.cache/nx-avocado/debs' });
  expect(restore?.with?.['restore-keys']).toBe("avocado-store-${{ hashFiles('**/avocado.lock') }}-");
  expect(save?.with?.['key']).toMatch(/^avocado-store-\$\{\{ hashFiles\('\*\*\/avocado.lock'\) \}\}-\$\{\{ steps.held/);
  expect(await gitlab()).toMatchObject({
    variables: { NX_AVOCADO_STORE: '$CI_PROJECT_DIR/.nx/cache/avocado-store' },
    build: {
      cache: {
        key: { files: ['avocado.lock', '**/avocado.lock'] },
        paths: ['.nx/cache/avocado-store/debs'],
      },
    },
  });
});

test('no remote cache unless it is asked for', async () => {
  expect(await generate({ provider: 'github' })).not.toContain('REMOTE_CACHE');
  expect(await generate({ provider: 'gitlab' })).not.toContain('REMOTE_CACHE');
});

test.each([1, 3])(
  'github: the writing token is in an environment that a pull request does not enter (%s)',
  async (shards) => {
    const { jobs } = await github({ shards, remoteCache: true });
    const build = shards === 1 ? jobs.build : second<GitHub>('.github/workflows/ci-shard.yml').jobs.build;
    expect(build.environment).toBe("${{ github.event_name == 'push' && 'nx-cache-write' || '' }}");
    expect(build.env).toEqual({
      NX_SELF_HOSTED_REMOTE_CACHE_SERVER: "${{ secrets.NX_CACHE_TOKEN && vars.NX_CACHE_SERVER || '' }}",
      NX_SELF_HOSTED_REMOTE_CACHE_ACCESS_TOKEN: '${{ secrets.NX_CACHE_TOKEN }}',
    });
    expect(jobs.sync.env).toBeUndefined();
  },
);

test('gitlab: several agents are a pipeline of their own, as the plan has it', async () => {
  const { plan, shards } = await gitlab({ shards: 4, remoteCache: true });
  expect(plan.script.join('\n')).toContain(
    'npx nx-avocado plan --targets="$TARGETS" --shards=4 --stages=3 --format=gitlab $isolated > shards.yml',
  );
  expect(shards.trigger.include).toEqual([{ artifact: 'shards.yml', job: 'plan' }, { local: '.gitlab-ci-shard.yml' }]);
  const { '.shard': shard } = second<{ '.shard': { script: string[] } }>('.gitlab-ci-shard.yml');
  expect(shard.script.join('\n')).toContain('NX_CACHE_WRITE_TOKEN');
});

test('the workspace’s own package manager installs', async () => {
  const root = mkdtempSync(join(tmpdir(), 'nx-avocado-ci-'));
  try {
    // Nx looks for it on the disk.
    writeFileSync(join(root, 'bun.lock'), '');
    tree.root = root;
    const runs = (await github()).jobs.sync.steps.flatMap(({ run }) => run ?? []);
    expect(runs).toEqual(['npm install --global bun', expect.stringMatching(/^bun install/), 'bun nx sync:check']);
  } finally {
    rmSync(root, { recursive: true });
  }
});

test('the default branch is the workspace’s own', async () => {
  updateNxJson(tree, { ...readNxJson(tree), defaultBase: 'trunk' });
  expect((await github()).on.push.branches).toEqual(['trunk']);
});

test.each<[string, CiWorkflowOptions, string, string]>([
  ['a provider that is not known', { provider: 'jenkins' as 'github' }, 'CI_OPTION_INVALID', 'github or gitlab'],
  ['no agent at all', { provider: 'github', shards: 0 }, 'CI_OPTION_INVALID', '1 to 64'],
  ['half an agent', { provider: 'github', shards: 1.5 }, 'CI_OPTION_INVALID', '1 to 64'],
  ['a file outside', { provider: 'gitlab', file: '../x.yml' }, 'CI_OPTION_INVALID', 'relative to the workspace root'],
  ['an absolute file', { provider: 'gitlab', file: '/etc/x.yml' }, 'CI_OPTION_INVALID', 'relative'],
  [
    'a file that GitHub does not read',
    { provider: 'github', file: 'ci.yml' },
    'CI_OPTION_INVALID',
    '.github/workflows',
  ],
])('%s is an error, and nothing is written', async (_what, options, code, hint) => {
  const before = tree.listChanges().length;
  const error = await generate(options).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(AvocadoError);
  expect(error).toMatchObject({ code, hint: expect.stringContaining(hint) as string });
  expect(tree.listChanges()).toHaveLength(before);
});

test('a branch name that could be more than a name is refused', async () => {
  updateNxJson(tree, { ...readNxJson(tree), defaultBase: 'main]\n  x: [' });
  await expect(generate({ provider: 'github' })).rejects.toMatchObject({ code: 'CI_OPTION_INVALID' });
});

test('the second file is kept, too', async () => {
  tree.write('.gitlab-ci-shard.yml', 'mine');
  await expect(generate({ provider: 'gitlab', shards: 2 })).rejects.toMatchObject({ code: 'CI_FILE_EXISTS' });
  expect([tree.exists(files.gitlab), tree.read('.gitlab-ci-shard.yml', 'utf8')]).toEqual([false, 'mine']);
});

test.each(['github', 'gitlab'] as const)('%s: a file that is there stays as it is', async (provider) => {
  await generate({ provider });
  tree.write(files[provider], 'mine');
  await expect(generate({ provider })).rejects.toMatchObject({ code: 'CI_FILE_EXISTS' });
  expect(tree.read(files[provider], 'utf8')).toBe('mine');
});

test('another file may be named', async () => {
  expect(await generate({ provider: 'github', file: '.github/workflows/avocado.yml' })).toContain('name: CI');
});

test('Nx prints the message alone, so it says what to do', async () => {
  await expect(ciWorkflowGenerator(tree, { provider: 'github', shards: 0 })).rejects.toThrow(
    'shards is 0 [CI_OPTION_INVALID]\n  hint: Write a number from 1 to 64.',
  );
});
