import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runNx } from './support/nx';
import { emptyWorkspace, packPackages } from './support/packed';

/** What a new user does, in an empty workspace outside of the repository, with the packed plugin. */
const scratch = mkdtempSync(join(tmpdir(), 'nx-avocado-generators-'));
let tarballs: string[];
let root: string;

jest.setTimeout(10 * 60_000);

beforeAll(() => {
  tarballs = packPackages(scratch);
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const path = (file: string): string => join(root, file);
const git = (...args: string[]): string =>
  execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@example.org', ...args], {
    cwd: root,
    encoding: 'utf8',
  });
function commit(): void {
  git('add', '-A');
  git('commit', '--quiet', '--allow-empty', '--message', 'next');
}

async function nx(args: string[]): Promise<string> {
  const { code, output } = await runNx(root, args, { NX_CACHE_DIRECTORY: '.nx/cache' });
  expect(`${code} ${output}`).toMatch(/^0 /);
  return output;
}

/** The message says what is wrong and what to do, nx fails, and not a byte has changed. */
async function refused(args: string[], message: RegExp): Promise<void> {
  commit();
  const { code, output } = await runNx(root, args);
  expect(`${code} ${output}`).toMatch(/^1 /);
  expect(output).toMatch(message);
  expect(output).toMatch(/\n {2}hint: \S/);
  expect(git('status', '--short')).toBe('');
}

/** What the last run's tasks did; Nx writes it at the end of each run. */
function lastRun(): { ran: string[]; cached: string[] } {
  const { tasks } = JSON.parse(readFileSync(path('.nx/cache/run.json'), 'utf8')) as {
    tasks: { taskId: string; cacheStatus: string }[];
  };
  const named = (missed: boolean): string[] =>
    tasks.filter(({ cacheStatus }) => (cacheStatus === 'cache-miss') === missed).map(({ taskId }) => taskId);
  return { ran: named(true).sort(), cached: named(false).sort() };
}

describe('with nx 24, from nothing to a booted machine', () => {
  beforeAll(() => {
    root = emptyWorkspace(['nx@24.0.6', '@nx/devkit@24.0.0', ...tarballs]);
    git('init', '--quiet');
  });
  afterAll(() => rmSync(root, { recursive: true, force: true }));

  test('init says what it chose, and is done once', async () => {
    expect(await nx(['g', 'nx-avocado:init'])).toMatch(/feed debian: [^]*runner sandbox: [^]*UPDATE nx\.json/);
    expect(readFileSync(path('.gitignore'), 'utf8')).toContain('.avocado/');
    await refused(['g', 'nx-avocado:init'], /set up in this workspace already.*\[INIT_DONE\]/);
  });

  test('a dry run shows the files and writes none', async () => {
    expect(await nx(['g', 'nx-avocado:runtime', 'dev', '--dry-run'])).toMatch(/CREATE dev\/avocado\.yaml/);
    expect(git('status', '--short')).toBe('');
  });

  test('runtime and rust-extension, and with no other edit its line is in the journal of the booted machine', async () => {
    await nx(['g', 'nx-avocado:runtime', 'dev']);
    await nx(['g', 'nx-avocado:rust-extension', 'hello']);
    expect(await nx(['run', 'dev:boot-test'])).toMatch(/^hello beat=1$/m);
    await refused(
      ['g', 'nx-avocado:runtime', 'dev'],
      /dev\/avocado\.yaml has a runtime dev already.*\[RUNTIME_EXISTS\]/,
    );
    await refused(['g', 'nx-avocado:rust-extension', 'hello'], /has an extension hello already.*\[EXTENSION_EXISTS\]/);
    await nx(['sync:check']);
  });

  test('a commit that edits hello alone builds exactly what follows from it', async () => {
    await nx(['run-many', '-t', 'build']);
    commit();
    const main = path('dev/hello/crate/src/main.rs');
    writeFileSync(main, readFileSync(main, 'utf8').replaceAll('hello beat=', 'hello again='));
    commit();
    const affected = JSON.parse(await nx(['show', 'projects', '--affected', '--base=HEAD~1', '--json'])) as string[];
    expect(affected.sort()).toEqual(['dev', 'hello']);
    await nx(['affected', '-t', 'build', '--base=HEAD~1']);
    const { ran, cached } = lastRun();
    expect(ran).toEqual(['dev:build', 'hello:build', 'hello:compile']);
    expect(cached).toContain('dev:rootfs');
  });

  test('extension: files alone, and a program of every language that it offers builds', async () => {
    await nx(['g', 'nx-avocado:extension', 'settings', '--no-lock']);
    await refused(['g', 'nx-avocado:extension', 'settings'], /has an extension settings already.*\[EXTENSION_EXISTS\]/);
    const languages = ['c', 'go', 'python', 'node'];
    for (const language of languages) {
      await nx(['g', 'nx-avocado:extension', `in-${language}`, '--language', language, '--no-lock']);
    }
    await nx(['g', 'nx-avocado:lock']);
    const projects = ['settings', ...languages.map((language) => `in-${language}`)];
    await nx(['run-many', '-t', 'build', '-p', projects.join(',')]);
    for (const name of projects) {
      expect(existsSync(path(`dev/.avocado/${name}/qemux86-64/build/${name}-0.1.0.raw`))).toBe(true);
    }
  });

  test('convert gives each extension its folder, once', async () => {
    commit();
    await nx(['g', 'nx-avocado:convert', 'dev']);
    // Everything stands in the folders already; each gets an avocado.yaml and its pins.
    expect(git('status', '--short', 'dev/hello')).toBe('?? dev/hello/avocado.lock\n?? dev/hello/avocado.yaml\n');
    expect(readFileSync(path('dev/avocado.yaml'), 'utf8')).toMatch(
      / {2}hello:\n {4}source:\n {6}type: path\n {6}path: hello\n/,
    );
    await nx(['sync:check']);
    await refused(['g', 'nx-avocado:convert', 'dev'], /nothing was changed \[CONVERT_NOTHING\]/);
  });
});

describe.each([
  { version: '23.3.2', devkit: '23.3.2' },
  { version: '22.7.12', devkit: '22.7.12' },
])('with nx $version', ({ version, devkit }) => {
  beforeAll(() => {
    root = emptyWorkspace([`nx@${version}`, `@nx/devkit@${devkit}`, ...tarballs]);
    git('init', '--quiet');
  });
  afterAll(() => rmSync(root, { recursive: true, force: true }));

  test('init, runtime and rust-extension, and the line of the service is in the journal of the booted machine', async () => {
    await nx(['g', 'nx-avocado:init']);
    await refused(['g', 'nx-avocado:init'], /\[INIT_DONE\]/);
    await nx(['g', 'nx-avocado:runtime', 'dev', '--no-development']);
    await nx(['g', 'nx-avocado:rust-extension', 'hello']);
    const projects = JSON.parse(await nx(['show', 'projects', '--json'])) as string[];
    expect(projects.sort()).toEqual(['avocado-bsp-qemux86-64', 'dev', 'hello']);
    await refused(['g', 'nx-avocado:rust-extension', 'hello'], /\[EXTENSION_EXISTS\]/);
    expect(await nx(['run', 'dev:boot-test'])).toMatch(/^hello beat=1$/m);
  });
});
