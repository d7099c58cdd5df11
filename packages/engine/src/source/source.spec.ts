import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, readlinkSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { silentReporter } from '../report';
import { checkUrl, gitTree, openTree, resolveRef, treeConfig } from '.';
import type { GitSource } from '.';

let directory: string;
let repository: string;
let url: string;
const store = process.env['NX_AVOCADO_STORE'];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'source-'));
  repository = join(directory, 'upstream');
  url = `file://${repository}`;
  process.env['NX_AVOCADO_STORE'] = join(directory, 'store');
  mkdirSync(repository);
  git('init', '--quiet', '--initial-branch=main');
});
afterEach(async () => {
  if (store === undefined) delete process.env['NX_AVOCADO_STORE'];
  else process.env['NX_AVOCADO_STORE'] = store;
  await rm(directory, { recursive: true, force: true });
});

function git(...args: string[]): string {
  const author = ['-c', 'user.name=test', '-c', 'user.email=test@localhost', '-c', 'commit.gpgsign=false'];
  return execFileSync('git', [...author, ...args], { cwd: repository, encoding: 'utf8' }).trim();
}

async function commit(files: Record<string, string>): Promise<string> {
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(repository, file)), { recursive: true });
    await writeFile(join(repository, file), text);
  }
  git('add', '--all');
  git('commit', '--quiet', '--allow-empty', '--message', 'edit');
  return git('rev-parse', 'HEAD');
}

const context = () => ({ workspaceRoot: directory, reporter: silentReporter });

async function open(source: Omit<GitSource, 'url'> = {}): Promise<string> {
  const whole = { url, ...source };
  const pin = await resolveRef(whole, context());
  return openTree(gitTree('os', whole, { type: 'git', url, commit: pin }), context());
}

describe('a ref means a commit', () => {
  test('a branch, a tag, an annotated tag, the default branch, a commit itself', async () => {
    const first = await commit({ a: '1' });
    git('tag', 'v1');
    git('tag', '--annotate', '--message', 'two', 'v2');
    git('branch', 'feature/v1');
    const second = await commit({ a: '2' });
    // A name that other refs end with, and one that is a branch and a tag.
    git('branch', 'v2');
    const of = (ref?: string) => resolveRef({ url, ...(ref !== undefined && { ref }) }, context());
    expect(await Promise.all(['v1', 'feature/v1', 'refs/tags/v2', first].map(of))).toEqual([
      first,
      first,
      first,
      first,
    ]);
    expect(await Promise.all([undefined, 'main', 'v2'].map(of))).toEqual([second, second, second]);
  });

  test('what there is none of is an error, and no default branch', async () => {
    await commit({ a: '1' });
    await expect(resolveRef({ url, ref: 'mian' }, context())).rejects.toMatchObject({
      code: 'SOURCE_REF_UNKNOWN',
      message: `${url} has no branch and no tag mian`,
    });
    const gone = `${url}-gone`;
    await expect(resolveRef({ url: gone }, context())).rejects.toMatchObject({
      code: 'SOURCE_UNREACHABLE',
      message: `git cannot read ${gone}`,
      output: expect.stringContaining('does not appear to be a git repository'),
    });
  });
});

test.each([
  ['ext::sh -c id', 'blank'],
  ['ext::id', 'names no protocol'],
  ['http://host/a', 'protocol http is not one of'],
  ['--upload-pack=id', 'hyphen'],
  ['../other', 'names no protocol'],
  ['/srv/repository', 'names no protocol'],
  ['https://user:secret@host/a', 'has a password'],
  ['https://host/a\nb', 'control'],
])('a URL that is refused: %j', (bad, what) => {
  const check = () => checkUrl(bad);
  expect(check).toThrow(expect.objectContaining({ code: 'SOURCE_URL_INVALID', hint: expect.any(String) }));
  expect(check).toThrow(what);
  expect(check).not.toThrow('secret');
});

test.each([
  'https://host/a.git',
  'https://user@host/a',
  'ssh://git@host:22/a',
  'git@host.org:group/a.git',
  'git://h/a',
])('a URL that is taken: %s', (good) => expect(() => checkUrl(good)).not.toThrow());

describe('a tree', () => {
  const files = { 'avocado.yaml': 'a: 1\n', 'overlay/etc/app.conf': 'one\n', 'other/avocado.yaml': 'b: 1\n' };

  test("has the commit's files, modes and links, and nothing of git", async () => {
    await commit(files);
    chmodSync(join(repository, 'overlay/etc/app.conf'), 0o755);
    symlinkSync('app.conf', join(repository, 'overlay/etc/link'));
    const pin = await commit({});
    const path = await open();
    expect(path).toBe(join(directory, 'os/.avocado/sources', pin));
    expect(readFileSync(join(path, 'overlay/etc/app.conf'), 'utf8')).toBe('one\n');
    expect(statSync(join(path, 'overlay/etc/app.conf')).mode & 0o111).not.toBe(0);
    expect(readlinkSync(join(path, 'overlay/etc/link'))).toBe('app.conf');
    expect(existsSync(join(path, '.git'))).toBe(false);
  });

  test('one directory as the sparse checkout is its root; of several, each stands at its place', async () => {
    await commit(files);
    expect(readFileSync(join(await open({ sparse_checkout: ['other/'] }), 'avocado.yaml'), 'utf8')).toBe('b: 1\n');
    const path = await open({ sparse_checkout: ['avocado.yaml', 'overlay'] });
    expect([existsSync(join(path, 'overlay/etc/app.conf')), existsSync(join(path, 'other'))]).toEqual([true, false]);
    await expect(open({ sparse_checkout: ['nothing'] })).rejects.toMatchObject({ code: 'SOURCE_PATH_MISSING' });
  });

  test('is put right where somebody changed it', async () => {
    await commit(files);
    const path = await open();
    const file = join(path, 'overlay/etc/app.conf');
    for (const harm of [
      () => writeFile(file, 'two\n'),
      () => rm(file),
      () => writeFile(join(path, 'overlay/etc/more'), ''),
      () => rm(`${path}.index`),
      () => rm(path, { recursive: true }),
    ]) {
      await harm();
      await open();
      expect(readFileSync(file, 'utf8')).toBe('one\n');
      expect(existsSync(join(path, 'overlay/etc/more'))).toBe(false);
    }
  });

  test('is fetched once: from the store where its repository is gone, and an error where it is not there', async () => {
    const pin = await commit(files);
    const path = await open();
    rmSync(path, { recursive: true });
    rmSync(repository, { recursive: true });
    const tree = gitTree('os', { url }, { type: 'git', url, commit: pin });
    await openTree(tree, context());
    expect(existsSync(treeConfig(path, tree))).toBe(true);
    rmSync(path, { recursive: true });
    rmSync(join(directory, 'store'), { recursive: true });
    await expect(openTree(tree, context())).rejects.toMatchObject({ code: 'SOURCE_UNREACHABLE' });
  });

  test('a commit that its repository no longer has is an error of its own', async () => {
    await commit(files);
    const tree = gitTree('os', { url }, { type: 'git', url, commit: '1'.repeat(40) });
    await expect(openTree(tree, context())).rejects.toMatchObject({
      code: 'SOURCE_COMMIT_VANISHED',
      hint: expect.stringContaining('--update'),
    });
  });

  test('without an avocado.yaml is no source', async () => {
    await commit({ 'overlay/a': '', 'link/x': '' });
    symlinkSync('/etc/hostname', join(repository, 'link/avocado.yaml'));
    await commit({});
    const pin = await resolveRef({ url }, context());
    for (const sparse_checkout of [['overlay'], ['link']]) {
      const tree = gitTree('os', { url, sparse_checkout }, { type: 'git', url, commit: pin });
      const path = await openTree(tree, context());
      expect(() => treeConfig(path, tree)).toThrow(
        expect.objectContaining({
          code: 'SOURCE_NOT_AVOCADO',
          message: expect.stringContaining(`below ${sparse_checkout[0]}`),
        }),
      );
    }
  });
});

test('hooks and settings of the repository, and of a hook that Nx runs in, count for nothing', async () => {
  const pin = await commit({ 'avocado.yaml': '', '.gitattributes': '* filter=evil\n' });
  const evil = { GIT_DIR: join(directory, 'elsewhere'), GIT_INDEX_FILE: join(directory, 'index') };
  Object.assign(process.env, evil);
  try {
    expect(existsSync(join(await open(), 'avocado.yaml'))).toBe(true);
    expect(existsSync(join(directory, 'index'))).toBe(false);
  } finally {
    for (const name of Object.keys(evil)) delete process.env[name];
  }
  expect(pin).toHaveLength(40);
});
