import { execFile, execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { storePath } from '@nx-avocado/engine/store';
import { TestWorkspace } from './support/workspace';

/** What anybody did to outputs and to Nx's cache never gets onto a disk: they are made again, or an error of ours says how. */
const workspace = new TestWorkspace();
const folder = 'examples/rust-vitals';
const directory = mkdtempSync(join(tmpdir(), 'damage-'));
const disk = join(directory, 'disk.raw');
/** Roots of the shared store, and disks of our own: one that is there would answer before any part was read. */
const store = join(directory, 'store');
const env = { NX_AVOCADO_STORE: store };
const saved = join(directory, 'cache');

/** A task of each executor, and what it writes. */
const outputs: [task: string, file: string][] = [
  ['example-rust:sdk-install', 'sdk.json'],
  ['example-rust:compile', 'example-rust-app.tar'],
  ['example-rust:build', 'example-rust-0.1.0.raw'],
  ['dev:rootfs', 'rootfs.erofs'],
  ['dev:build', 'var.json'],
  ['dev:provision', 'disk.json'],
];
const damages: Record<string, (path: string) => void> = {
  deleted: (path) => rmSync(path),
  flipped(path) {
    const bytes = readFileSync(path);
    const at = bytes.length >> 1;
    bytes[at] = bytes[at]! ^ 1;
    writeFileSync(path, bytes);
  },
  truncated: (path) => truncateSync(path, statSync(path).size - 1),
};
const names = Object.keys(damages);

const pathOf = (task: string): string => {
  const [project = '', target = ''] = task.split(':');
  return join(folder, '.avocado', project, 'qemux86-64', target);
};
const makeDisk = () => workspace.nx(['run', 'dev:disk', '--file', disk], env);
let good: { outputs: Record<string, string>; disk: string };

jest.setTimeout(10 * 60_000);

beforeAll(async () => {
  workspace.reset();
  const { code, output } = await workspace.nx(['run', 'dev:disk', '--file', disk]);
  if (code !== 0) throw new Error(output);
  mkdirSync(store);
  symlinkSync(storePath('roots'), join(store, 'roots'));
  good = state();
  cpSync(workspace.path('.nx/cache'), saved, { recursive: true });
});
beforeEach(() => {
  for (const path of [disk, join(store, 'disks')]) rmSync(path, { recursive: true, force: true });
});
afterAll(() => {
  // The workspace is shared: what Nx's database names must be there.
  cpSync(saved, workspace.path('.nx/cache'), { recursive: true, force: true });
  rmSync(directory, { recursive: true, force: true });
});

/** Ids of the var partition are each disk's own; all before it is decided by the recipe. */
function state(): typeof good {
  const script = 'head -c 200000000 "$1" | sha256sum; stat -c %s "$1"';
  const built = Object.entries(workspace.outputs(`${folder}/.avocado`));
  return {
    outputs: Object.fromEntries(built.filter(([path]) => !path.endsWith('disk.raw'))),
    disk: execFileSync('sh', ['-c', script, 'sh', disk], { encoding: 'utf8' }),
  };
}

/** The disk is made, or an error of ours names a command after which it is. @returns the error's code */
async function rebuiltOrSaid(parts: (keyof typeof good)[] = ['outputs', 'disk']): Promise<string | undefined> {
  let said: string | undefined;
  // What is damaged in several places is said one place at a time.
  for (let attempt = 0; attempt < 3; attempt += 1) {
    const { code, output } = await makeDisk();
    if (code === 0) {
      const now = state();
      for (const part of parts) expect(now[part]).toEqual(good[part]);
      return said;
    }
    said = /\[(OUTPUT_(?:CORRUPT|MISSING))\]/.exec(output)?.[1];
    const hint = /hint: Build it again: nx (run \S+ --skip-nx-cache)/.exec(output)?.[1];
    expect({ said, hint, output }).toEqual({
      said: expect.any(String) as string,
      hint: expect.any(String) as string,
      output,
    });
    expect(existsSync(disk)).toBe(false);
    const repaired = await workspace.nx(hint!.split(' '), env);
    expect(`${repaired.code} ${repaired.output}`).toMatch(/^0 /);
  }
  throw new Error('what the errors said to do did not help');
}

describe('in the workspace, the same in the output of every executor', () => {
  const cases = names.flatMap((how) =>
    ['the file', 'manifest.json', 'inputs.json'].map((what) => [what, how] as const),
  );

  test.each(cases)('%s %s', async (what, how) => {
    for (const [task, file] of outputs) {
      const path = workspace.path(join(pathOf(task), what === 'the file' ? file : what));
      // A compile task has no record of its inputs.
      if (existsSync(path)) damages[how]!(path);
    }
    await rebuiltOrSaid();
  });
});

describe("in an entry of Nx's cache", () => {
  const cases: [task: string, file: string, how: string][] = [
    ['example-rust:compile', 'example-rust-app.tar', 'flipped'],
    ['example-rust:build', 'example-rust-0.1.0.raw', 'truncated'],
    ['example-rust:build', 'manifest.json', 'deleted'],
    ['dev:rootfs', 'rootfs.erofs', 'deleted'],
    ['dev:build', 'var.json', 'flipped'],
    ['dev:provision', 'disk.json', 'truncated'],
  ];

  test.each(cases)('%s: %s %s', async (task, file, how) => {
    const cache = workspace.path('.nx/cache');
    const entries = readdirSync(cache).map((key) => join(cache, key, pathOf(task), file));
    for (const path of entries) if (existsSync(path)) damages[how]!(path);
    // What nobody reads may stay damaged: whatever followed it came from the cache, too. The disk is right.
    await rebuiltOrSaid(['disk']);
  });
});

describe('npx nx-avocado verify', () => {
  const verify = (...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> =>
    new Promise((resolve) => {
      const program = workspace.path('packages/nx-avocado/bin/nx-avocado.mjs');
      const options = {
        cwd: workspace.path(folder),
        env: { ...process.env, NX_DAEMON: 'false', NX_ISOLATE_PLUGINS: 'false' },
      };
      execFile(process.execPath, [program, 'verify', ...args], options, (error, stdout, stderr) =>
        resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
      );
    });

  test('all is as it was written', async () => {
    const { code, stdout } = await verify();
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringMatching(/all as they were written/) as string });
  });

  test('names the task of what is damaged, and those that refer to it', async () => {
    const path = workspace.path(join(pathOf('example-rust:build'), 'example-rust-0.1.0.raw'));
    const bytes = readFileSync(path);
    damages['flipped']!(path);
    try {
      const text = await verify();
      expect(text).toMatchObject({ code: 1, stdout: expect.stringMatching(/2 damaged/) as string });
      expect(text.stderr).toMatch(/hint: Build it again: nx run example-rust:build --skip-nx-cache/);
      const { code, stdout } = await verify('--json');
      const found = JSON.parse(stdout) as { outputs: { task: string; problems: { code: string }[] }[] };
      const bad = found.outputs.filter(({ problems }) => problems.length > 0);
      expect(code).toBe(1);
      expect(bad.map(({ task, problems }) => [task, problems.map((one) => one.code)])).toEqual([
        ['dev:build', ['OUTPUT_CORRUPT']],
        ['example-rust:build', ['OUTPUT_CORRUPT']],
      ]);
    } finally {
      writeFileSync(path, bytes);
    }
  });

  test('what was built again since is no damage, and the hint names what is out of date', async () => {
    workspace.edit(join(folder, 'overlay/usr/lib/systemd/system/ref-rust.service'), (text) => `${text}# another\n`);
    expect((await workspace.nx(['run', 'example-rust:build'])).code).toBe(0);
    const { code, stderr } = await verify();
    expect(code).toBe(1);
    expect(stderr).toMatch(/OUTPUT_STALE/);
    expect(stderr).not.toMatch(/OUTPUT_CORRUPT/);
    expect(stderr).toMatch(/hint: Bring it up to date: nx run dev:build\n/);
    expect((await workspace.nx(['run', 'dev:provision'])).code).toBe(0);
    expect((await verify()).code).toBe(0);
  });
});
