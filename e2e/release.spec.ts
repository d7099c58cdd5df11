import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { releaseChangelog } from '../tools/release/changelog';
import { runNx } from './support/nx';
import { TestWorkspace } from './support/workspace';

/** `nx release` in a repository of its own, without a remote, so that it cannot reach anything. */
let root: string;

jest.setTimeout(5 * 60_000);

beforeAll(() => {
  const workspace = new TestWorkspace();
  workspace.reset();
  root = mkdtempSync(join(tmpdir(), 'nx-avocado-release-'));
  const made = /(^|\/)(\.nx|\.avocado|dist|tmp|target)(\/|$)/;
  cpSync(workspace.root, root, {
    recursive: true,
    verbatimSymlinks: true,
    filter: (file) => !made.test(relative(workspace.root, file)),
  });
  git('init', '--quiet', '--initial-branch=main');
  git('add', '--all');
  git('commit', '--quiet', '--message=Everything');
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

function git(...args: string[]): string {
  const identity = ['-c', 'user.name=Test', '-c', 'user.email=test@example.com'];
  return execFileSync('git', [...identity, ...args], { cwd: root, encoding: 'utf8' });
}

const read = (file: string) => readFileSync(join(root, file), 'utf8');
const versionOf = (file: string) => (JSON.parse(read(file)) as { version: string }).version;

test('a dry run shows both packages in step, and changes nothing', async () => {
  const before = git('rev-parse', 'HEAD');
  const { code, output } = await runNx(root, ['release', '7.8.9', '--dry-run', '--skip-publish']);
  expect(`${code} ${output}`).toMatch(/^0 /);
  for (const file of ['packages/engine/package.json', 'packages/nx-avocado/package.json', 'CHANGELOG.md']) {
    expect(output).toContain(`UPDATE ${file} [dry-run]`);
  }
  expect(output).toContain('## 7.8.9 - ');
  expect(git('status', '--porcelain')).toBe('');
  expect(git('tag', '--list')).toBe('');
  expect(git('rev-parse', 'HEAD')).toBe(before);
});

test('a release sets the versions, dates the changelog, commits and tags', async () => {
  const author = { GIT_AUTHOR_NAME: 'T', GIT_AUTHOR_EMAIL: 't@example.com' };
  const committer = { GIT_COMMITTER_NAME: 'T', GIT_COMMITTER_EMAIL: 't@example.com' };
  const { code, output } = await runNx(root, ['release', '7.8.9', '--skip-publish'], { ...author, ...committer });
  expect(`${code} ${output}`).toMatch(/^0 /);
  const plugin = JSON.parse(read('packages/nx-avocado/package.json')) as { dependencies: Record<string, string> };
  expect(versionOf('packages/engine/package.json')).toBe('7.8.9');
  expect(versionOf('packages/nx-avocado/package.json')).toBe('7.8.9');
  expect(plugin.dependencies['@nx-avocado/engine']).toBe('7.8.9');
  const lock = JSON.parse(read('package-lock.json')) as { packages: Record<string, { version: string }> };
  expect(lock.packages['packages/engine']?.version).toBe('7.8.9');
  expect(read('CHANGELOG.md')).toMatch(/## Unreleased\n\n## 7\.8\.9 - \d{4}-\d\d-\d\d\n\n### Added\n/);
  expect(git('log', '-1', '--format=%s')).toBe('Release 7.8.9\n');
  expect(git('tag', '--list')).toBe('v7.8.9\n');
  expect(git('status', '--porcelain')).toBe('');
});

test('the next one counts from the tag; without a change that is written down there is none', async () => {
  const { code, output } = await runNx(root, ['release', 'minor', '--dry-run', '--skip-publish']);
  expect(code).not.toBe(0);
  expect(output).toContain('CHANGELOG.md has nothing under "## Unreleased"');
  expect(output).toContain('7.9.0');
});

describe('the changelog', () => {
  const text = '# Changelog\n\n## Unreleased\n\n### Fixed\n\n- It.\n\n## 0.1.0 - 2026-01-01\n\n- First.\n';

  test('its unreleased part becomes the version’s', () => {
    const released = releaseChangelog(text, '0.2.0', '2026-02-02');
    expect(released).toBe(text.replace('## Unreleased\n', '## Unreleased\n\n## 0.2.0 - 2026-02-02\n'));
    expect(releaseChangelog(released, '0.2.0', '2026-03-03')).toBe(released);
  });

  test.each([['# Changelog\n'], ['# Changelog\n\n## Unreleased\n\n## 0.1.0 - 2026-01-01\n\n- First.\n']])(
    'nothing unreleased is an error',
    (empty) => {
      expect(() => releaseChangelog(empty, '0.2.0', '2026-02-02')).toThrow('nothing under');
    },
  );
});
