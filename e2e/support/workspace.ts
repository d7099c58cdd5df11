import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  rmdirSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { runNx } from './nx';

export const repository = join(__dirname, '../..');

export interface NxResult {
  code: number;
  /** Standard output and standard error, as they came. */
  output: string;
  /** What each task did in this run. */
  tasks: Record<string, 'ran' | 'cached' | 'failed'>;
}

/**
 * A copy of this workspace that tests may change. It is kept between test files and runs, with its Nx cache, so that
 * what nobody changed is built once; `reset` brings the sources back to the repository's.
 */
export class TestWorkspace {
  readonly root: string;

  /**
   * @param name of a workspace of its own; the one without a name is shared by all tests of a run
   * @param without folders of the repository that this workspace has none of
   */
  constructor(
    name?: string,
    private readonly without: string[] = [],
  ) {
    this.root = takeDirectory(name);
  }

  path(file: string): string {
    return join(this.root, file);
  }

  exists(file: string): boolean {
    return existsSync(this.path(file));
  }

  read(file: string): string {
    return readFileSync(this.path(file), 'utf8');
  }

  write(file: string, text: string): void {
    mkdirSync(dirname(this.path(file)), { recursive: true });
    writeFileSync(this.path(file), text);
  }

  chmod(file: string, mode: number): void {
    chmodSync(this.path(file), mode);
  }

  /** sha256, hex. */
  digest(file: string): string {
    return createHash('sha256')
      .update(readFileSync(this.path(file)))
      .digest('hex');
  }

  /** What the examples' tasks wrote. In place it would stay, and Nx need not have it in its cache. */
  forgetOutputs(): void {
    for (const example of readdirSync(this.path('examples'))) {
      rmSync(this.path(`examples/${example}/.avocado`), { recursive: true, force: true });
    }
  }

  /** sha256 of everything that the tasks of a folder wrote, by path; records name the runner, and are left out. */
  outputs(folder: string): Record<string, string> {
    const files = readdirSync(this.path(folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && !/^(inputs|report)\.json$/.test(entry.name))
      .map((entry) => join(entry.parentPath, entry.name).slice(this.root.length + 1))
      .filter((path) => !path.includes('/.tmp-') && !path.includes('/boot-test/'))
      .sort();
    return Object.fromEntries(files.map((path) => [path, this.digest(path)]));
  }

  /** Changes a file; a change that changes nothing is a mistake of the test. */
  edit(file: string, change: (text: string) => string): void {
    const before = this.read(file);
    const after = change(before);
    if (after === before) throw new Error(`the edit did not change ${file}`);
    this.write(file, after);
  }

  /** Sources as in the repository, uncommitted changes included; outputs and caches stay. */
  reset(): void {
    const files = sourceFiles().filter((file) => !this.without.some((folder) => file.startsWith(`${folder}/`)));
    mkdirSync(this.root, { recursive: true });
    for (const stale of this.sources().filter((file) => !files.includes(file))) this.remove(stale);
    for (const file of files) this.copy(file);
    this.linkNodeModules();
  }

  async nx(args: string[], env: Record<string, string> = {}): Promise<NxResult> {
    return { ...(await runNx(this.root, args, env)), tasks: this.lastRun(env['NX_CACHE_DIRECTORY']) };
  }

  async json(args: string[], env: Record<string, string> = {}): Promise<unknown> {
    const { code, output } = await this.nx([...args, '--json'], env);
    if (code !== 0) throw new Error(output);
    return JSON.parse(output);
  }

  /** Nx writes it at the end of each run; taken away, so that a run that wrote none is not told from another's. */
  private lastRun(cache: string = this.path('.nx/cache')): NxResult['tasks'] {
    const file = join(cache, 'run.json');
    if (!existsSync(file)) return {};
    const { tasks } = JSON.parse(readFileSync(file, 'utf8')) as {
      tasks: { taskId: string; cacheStatus: string; status: number }[];
    };
    rmSync(file);
    return Object.fromEntries(
      tasks.map(({ taskId, cacheStatus, status }) => [
        taskId,
        status !== 0 ? 'failed' : cacheStatus === 'cache-miss' ? 'ran' : 'cached',
      ]),
    );
  }

  /** With the directories that are empty then: an overlay's are part of its image. */
  private remove(file: string): void {
    rmSync(this.path(file));
    for (let directory = dirname(file); directory !== '.'; directory = dirname(directory)) {
      if (readdirSync(this.path(directory)).length > 0) return;
      rmdirSync(this.path(directory));
    }
  }

  private sources(directory = ''): string[] {
    return readdirSync(this.path(directory), { withFileTypes: true }).flatMap((entry) => {
      if (['node_modules', '.nx', '.avocado', 'tmp', 'dist', 'target'].includes(entry.name)) return [];
      const path = join(directory, entry.name);
      return entry.isDirectory() ? this.sources(path) : [path];
    });
  }

  private copy(file: string): void {
    const from = join(repository, file);
    const to = this.path(file);
    if (sameFile(from, to)) return;
    mkdirSync(dirname(to), { recursive: true });
    rmSync(to, { force: true });
    if (lstatSync(from).isSymbolicLink()) symlinkSync(readlinkSync(from), to);
    else copyFileSync(from, to);
  }

  /** Every package as a link, but for ours: they are the copy's own, so that Nx takes them for local plugins. */
  private linkNodeModules(): void {
    const target = this.path('node_modules');
    rmSync(target, { recursive: true, force: true });
    mkdirSync(join(target, '@nx-avocado'), { recursive: true });
    for (const name of readdirSync(join(repository, 'node_modules'))) {
      if (name === 'nx-avocado' || name === '@nx-avocado' || name.startsWith('.')) continue;
      symlinkSync(join(repository, 'node_modules', name), join(target, name));
    }
    for (const name of ['engine', 'nx-avocado']) {
      const own = join('packages', name, 'node_modules');
      rmSync(this.path(own), { recursive: true, force: true });
      if (existsSync(join(repository, own))) symlinkSync(join(repository, own), this.path(own));
    }
    symlinkSync('../packages/nx-avocado', join(target, 'nx-avocado'));
    symlinkSync('../../packages/engine', join(target, '@nx-avocado/engine'));
  }
}

/** The first of a few directories that no other running process works in; the same for all test files of one run. */
function takeDirectory(suffix?: string): string {
  const hash = createHash('sha256').update(repository).digest('hex').slice(0, 8);
  const name = ['nx-avocado-e2e', hash, ...(suffix === undefined ? [] : [suffix])].join('-');
  for (let number = 1; ; number += 1) {
    const directory = join(tmpdir(), `${name}-${number}`);
    const owner = `${directory}.pid`;
    const pid = existsSync(owner) ? Number(readFileSync(owner, 'utf8')) : undefined;
    if (pid !== undefined && pid !== process.pid && existsSync(`/proc/${pid}`)) continue;
    writeFileSync(owner, String(process.pid));
    return directory;
  }
}

function sourceFiles(): string[] {
  const args = ['ls-files', '-z', '--cached', '--others', '--exclude-standard'];
  const listed = execFileSync('git', args, { cwd: repository, encoding: 'utf8' }).split('\0');
  return listed.filter((file) => file !== '' && lstatSync(join(repository, file), { throwIfNoEntry: false }));
}

/** Links are compared as links: many of an overlay's lead nowhere on this machine. */
function sameFile(a: string, b: string): boolean {
  const [from, to] = [lstatSync(a), lstatSync(b, { throwIfNoEntry: false })];
  if (from.mode !== to?.mode) return false;
  if (from.isSymbolicLink()) return readlinkSync(a) === readlinkSync(b);
  return from.size === to.size && readFileSync(a).equals(readFileSync(b));
}
