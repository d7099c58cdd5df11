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

interface GitHub {
  on: { push: { branches: string[] }; pull_request: null };
  jobs: Record<'sync' | 'build', GitHubJob>;
}

interface GitHubJob {
  strategy: { matrix: { shard: number[] } };
  environment?: string;
  env?: Record<string, string>;
  steps: { uses?: string; run?: string; with?: Record<string, unknown> }[];
}

interface GitLab {
  build: { parallel?: number; script: string[]; before_script: string[] };
}

const github = async (options: Partial<CiWorkflowOptions> = {}): Promise<GitHub> =>
  parse(await generate({ provider: 'github', ...options })) as GitHub;
const gitlab = async (options: Partial<CiWorkflowOptions> = {}): Promise<GitLab> =>
  parse(await generate({ provider: 'gitlab', ...options })) as GitLab;

test('github: one job an agent, with the whole history, the locks checked beside them', async () => {
  const { on, jobs } = await github({ shards: 3 });
  expect(on).toEqual({ push: { branches: ['main'] }, pull_request: null });
  expect(jobs.build.strategy.matrix.shard).toEqual([0, 1, 2]);
  expect(jobs.build.steps[0]).toMatchObject({ with: { 'fetch-depth': 0, 'persist-credentials': false } });
  expect(jobs.sync.steps.at(-1)).toEqual({ run: 'npx nx sync:check' });
});

test('github: every action is pinned to a major version at least', async () => {
  const { jobs } = await github();
  const used = [...jobs.sync.steps, ...jobs.build.steps].flatMap(({ uses }) => uses ?? []);
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

test('github: the writing token is in an environment that a pull request does not enter', async () => {
  const { build, sync } = (await github({ remoteCache: true })).jobs;
  expect(build.environment).toBe("${{ github.event_name == 'push' && 'nx-cache-write' || '' }}");
  expect(build.env).toEqual({
    NX_SELF_HOSTED_REMOTE_CACHE_SERVER: "${{ secrets.NX_CACHE_TOKEN && vars.NX_CACHE_SERVER || '' }}",
    NX_SELF_HOSTED_REMOTE_CACHE_ACCESS_TOKEN: '${{ secrets.NX_CACHE_TOKEN }}',
  });
  expect(sync.env).toBeUndefined();
});

test('gitlab: as many jobs as agents; one has no need to be told its number', async () => {
  expect((await gitlab({ shards: 4 })).build.parallel).toBe(4);
  tree.delete(files.gitlab);
  expect((await gitlab()).build.parallel).toBeUndefined();
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
