import { execFileSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, readlink, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { stageOverlay } from './overlay';
import type { OverlayOptions } from './overlay';
import { Sysroot } from './sysroot';
import { listTree } from './walk';

let directory: string;
let sysroot: Sysroot;
let said: string[];
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'overlay-'));
  await mkdir(join(directory, 'root'));
  await mkdir(join(directory, 'ws/app/overlay'), { recursive: true });
  sysroot = new Sysroot(join(directory, 'root'));
  said = [];
});
afterEach(() => rm(directory, { recursive: true }));

async function put(path: string, text = path, mode = 0o644): Promise<void> {
  const file = join(directory, 'ws/app/overlay', path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
  await chmod(file, mode);
}
const stage = (overlay: Partial<OverlayOptions['overlay']> = {}, more: Partial<OverlayOptions> = {}) =>
  stageOverlay(sysroot, {
    workspaceRoot: join(directory, 'ws'),
    sourceRoot: 'app',
    overlay: { dir: 'overlay', mode: 'merge', preprocess: false, ...overlay },
    executables: [],
    values: {},
    position: { file: 'app/avocado.yaml', line: 9 },
    reporter: { warn: (text) => said.push(text) },
    ...more,
  });
const read = (path: string) => readFile(join(directory, 'root', path), 'utf8');
const modeOf = async (path: string) => (await stat(join(directory, 'root', path))).mode & 0o7777;

test('modes are 0644 and 0755, whatever they were', async () => {
  await put('usr/bin/tool', '#!/bin/sh', 0o700);
  await put('etc/app.conf', 'x', 0o600);
  await chmod(join(directory, 'ws/app/overlay/etc'), 0o700);
  expect(await stage({}, { executables: ['app/overlay/usr/bin/tool'] })).toEqual([]);
  expect(await Promise.all(['usr/bin/tool', 'etc/app.conf', 'etc'].map(modeOf))).toEqual([0o755, 0o644, 0o755]);
});

test('what an ignore file names is left out, with its directories, and said; fetched trees have no ignore files', async () => {
  for (const path of ['etc/a', 'etc/b.log', 'opt/cache/x', 'opt/empty/.keep', 'opt/node_modules/m']) await put(path);
  await mkdir(join(directory, 'ws/app/overlay/srv/none'), { recursive: true });
  await writeFile(join(directory, 'ws/.gitignore'), '*.log\n');
  await put('opt/.gitignore', 'cache\n');
  const staged = async () => (await listTree(join(directory, 'root'))).map(({ path }) => path);
  expect(await stage()).toEqual([]);
  expect(await staged()).toEqual([
    'etc',
    'etc/a',
    'opt',
    'opt/.gitignore',
    'opt/empty',
    'opt/empty/.keep',
    'srv',
    'srv/none',
  ]);
  expect(said).toEqual([
    expect.stringMatching(
      /^overlay app\/overlay: left out .*: etc\/b\.log, opt\/cache\/x, opt\/node_modules\/m\. What/,
    ),
  ]);
  await stage({}, { tree: join(directory, 'ws') });
  expect(await staged()).toEqual(expect.arrayContaining(['etc/b.log', 'opt/cache/x', 'opt/node_modules/m']));
});

test('the list of executables decides, with a warning', async () => {
  await put('a', 'x', 0o755);
  await put('b', 'x', 0o644);
  const warnings = await stage({}, { executables: ['app/overlay/b'] });
  expect(await modeOf('a')).toBe(0o644);
  expect(await modeOf('b')).toBe(0o755);
  expect(warnings).toEqual([
    expect.stringContaining('app/overlay/a is now executable'),
    expect.stringContaining('app/overlay/b is no longer executable'),
  ]);
});

test('merge replaces files and keeps the rest', async () => {
  await sysroot.write('etc/a', 'old');
  await sysroot.write('etc/b', 'old');
  await put('etc/a', 'new');
  await put('.hidden', 'x');
  await stage();
  expect([await read('etc/a'), await read('etc/b'), await read('.hidden')]).toEqual(['new', 'old', 'x']);
});

test('merge refuses a file in place of a directory; opaque takes its place', async () => {
  await sysroot.write('usr/app/x', 'old');
  await put('usr/app', 'file');
  await expect(stage()).rejects.toMatchObject({
    code: 'SYSROOT_CONFLICT',
    message: expect.stringContaining('app/overlay: usr/app'),
  });
  await put('.hidden', 'x');
  await stage({ mode: 'opaque' });
  expect(await read('usr/app')).toBe('file');
  expect((await listTree(sysroot.path)).map(({ path }) => path)).toEqual(['usr', 'usr/app']);
});

test('links are for the device: absolute and inside the overlay stay as they are', async () => {
  await put('usr/bin/a');
  await symlink('a', join(directory, 'ws/app/overlay/usr/bin/b'));
  await symlink('/dev/null', join(directory, 'ws/app/overlay/usr/bin/c'));
  expect(await stage()).toEqual([]);
  expect(await readlink(join(directory, 'root/usr/bin/b'))).toBe('a');
  expect(await readlink(join(directory, 'root/usr/bin/c'))).toBe('/dev/null');
});

test('a link out of the overlay is a warning, out of the project an error that names it', async () => {
  await put('usr/a');
  const link = join(directory, 'ws/app/overlay/usr/link');
  await symlink('../../secret', link);
  expect(await stage()).toEqual([expect.stringContaining('link app/overlay/usr/link leads out of its overlay')]);
  for (const target of ['../../../../etc/passwd', join(directory, 'ws/app/secret')]) {
    await rm(link);
    await symlink(target, link);
    await expect(stage()).rejects.toMatchObject({
      code: 'OVERLAY_LINK_ESCAPES',
      message: expect.stringContaining('app/overlay/usr/link'),
      position: { line: 9 },
    });
  }
});

test('preprocess: what is known is replaced, the rest stays and is named', async () => {
  const text = '{{ avocado.target }} {{config.a.b}} {{ env.X }} {{ .Go }} {{avocado.kernel.version}}\n';
  await put('etc/app.conf', text, 0o755);
  await put('etc/app.txt', text);
  await put('etc/app.bin', `\0${text}`);
  const warnings = await stage(
    { preprocess: ['etc/*.conf', '**/*.bin'] },
    {
      executables: ['app/overlay/etc/app.conf'],
      values: { 'avocado.target': 'qemux86-64', 'config.a.b': '$1', 'env.X': '' },
    },
  );
  expect(await read('etc/app.conf')).toBe('qemux86-64 $1  {{ .Go }} {{avocado.kernel.version}}\n');
  expect(await modeOf('etc/app.conf')).toBe(0o755);
  expect(await read('etc/app.txt')).toBe(text);
  expect(await read('etc/app.bin')).toBe(`\0${text}`);
  expect(warnings).toEqual(['app/overlay/etc/app.conf: left as they stand: {{ avocado.kernel.version }}']);
});

test('a missing overlay is named, with its place', async () => {
  await expect(stage({ dir: 'nothing' })).rejects.toMatchObject({
    code: 'OVERLAY_MISSING',
    message: expect.stringContaining('app/nothing'),
    position: { file: 'app/avocado.yaml', line: 9 },
  });
});

test.each(['../../outside', 'linked'])('an overlay outside of the project is refused: %s', async (dir) => {
  await mkdir(join(directory, 'outside'));
  await symlink('../../outside', join(directory, 'ws/app/linked'));
  await expect(stage({ dir })).rejects.toMatchObject({ code: 'OVERLAY_ESCAPE' });
});

test('a FIFO is refused, not read', async () => {
  execFileSync('mkfifo', [join(directory, 'ws/app/overlay/fifo')]);
  await expect(stage({ preprocess: true })).rejects.toMatchObject({
    code: 'EXTENSION_SPECIAL_FILE',
    message: expect.stringContaining('app/overlay/fifo'),
  });
});
