import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, readFile, readdir, readlink, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { pack } from 'tar-stream';
import { stageArchive } from './archive';
import { renderVarDirectories, stagePackages } from './packages';
import { Sysroot } from './sysroot';
import { listTree } from './walk';

let directory: string;
let sysroot: Sysroot;
const never = new AbortController().signal;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sysroot-'));
  await mkdir(join(directory, 'root'));
  sysroot = new Sysroot(join(directory, 'root'));
});
afterEach(() => rm(directory, { recursive: true }));

const inRoot = (path: string) => join(directory, 'root', path);
const modeOf = async (path: string) => ((await stat(inRoot(path))).mode & 0o7777).toString(8);

test('modes do not depend on the umask', async () => {
  const umask = process.umask(0o077);
  try {
    await sysroot.write('usr/bin/app', 'x', 0o755);
    await sysroot.write('etc/secret', 'x', 0o600);
    await sysroot.directory('usr/share/app', 0o555);
  } finally {
    process.umask(umask);
  }
  const modes = await Promise.all(['usr', 'usr/bin', 'usr/bin/app', 'etc/secret', 'usr/share/app'].map(modeOf));
  // Directories stay writable for their owner: the tree has to be removed again.
  expect(modes).toEqual(['755', '755', '755', '600', '755']);
});

test.each(['../x', 'usr/../../x', '/etc/passwd', 'a\0b'])('%j leaves the sysroot', async (path) => {
  await expect(sysroot.write(path, 'x')).rejects.toMatchObject({ code: 'SYSROOT_ESCAPE' });
});

test('no link is written through', async () => {
  await mkdir(join(directory, 'outside'));
  await writeFile(join(directory, 'outside/file'), 'mine');
  await sysroot.symlink('etc', join(directory, 'outside'));
  await sysroot.symlink('link', join(directory, 'outside/file'));
  await expect(sysroot.write('etc/passwd', 'x')).rejects.toMatchObject({ code: 'SYSROOT_LINK_TRAVERSAL' });
  await expect(sysroot.directory('etc')).rejects.toMatchObject({ code: 'SYSROOT_CONFLICT' });
  await sysroot.write('link', 'new');
  expect(await readFile(join(directory, 'outside/file'), 'utf8')).toBe('mine');
  expect(await readdir(join(directory, 'outside'))).toEqual(['file']);
});

test('a kind is changed only where that was asked for', async () => {
  await sysroot.write('usr/a/b/c', 'x');
  await expect(sysroot.write('usr/a', 'x')).rejects.toMatchObject({ code: 'SYSROOT_CONFLICT' });
  await expect(sysroot.write('usr/a/b/c/d', 'x')).rejects.toMatchObject({ code: 'SYSROOT_CONFLICT' });
  await sysroot.write('usr/a', 'file', 0o644, 'replace');
  // What was known about the directories below is forgotten with them.
  await expect(sysroot.write('usr/a/b/c', 'x')).rejects.toMatchObject({ code: 'SYSROOT_CONFLICT' });
  await sysroot.directory('usr/a', 0o755, 'replace');
  await sysroot.write('usr/a/b/c', 'again');
});

type Entry = Parameters<ReturnType<typeof pack>['entry']>[0] & { content?: string };
async function archive(entries: Entry[]): Promise<string> {
  const tar = pack();
  for (const { content, ...header } of entries) tar.entry(header, content ?? '');
  tar.finalize();
  const path = join(directory, 'app.tar');
  await pipeline(tar, createWriteStream(path));
  return path;
}

test('an archive: files, directories, links, modes', async () => {
  const path = await archive([
    { name: './usr/', type: 'directory', mode: 0o755 },
    { name: './usr/bin/app', mode: 0o4755, content: 'app' },
    { name: 'usr/bin/alias', type: 'symlink', linkname: 'app' },
    { name: 'usr/bin/hard', type: 'link', linkname: 'usr/bin/app' },
    { name: 'etc/app.conf', mode: 0o640, content: 'x' },
  ]);
  await stageArchive(sysroot, path, 'app.tar of x:compile', never);
  expect(await readFile(inRoot('usr/bin/hard'), 'utf8')).toBe('app');
  expect(await readlink(inRoot('usr/bin/alias'))).toBe('app');
  expect(await modeOf('usr/bin/app')).toBe('4755');
  expect(await modeOf('etc/app.conf')).toBe('640');
});

test.each<[string, string, Entry[]]>([
  ['a path upwards', 'SYSROOT_ESCAPE', [{ name: '../evil', content: 'x' }]],
  ['an absolute path', 'SYSROOT_ESCAPE', [{ name: '/evil', content: 'x' }]],
  [
    'a way through a link',
    'SYSROOT_LINK_TRAVERSAL',
    [
      { name: 'a', type: 'symlink', linkname: '/tmp' },
      { name: 'a/evil', content: 'x' },
    ],
  ],
  ['a hard link to outside', 'SYSROOT_ESCAPE', [{ name: 'a', type: 'link', linkname: '../../etc/passwd' }]],
  [
    'a hard link through a link',
    'SYSROOT_LINK_TRAVERSAL',
    [
      { name: 'a', type: 'symlink', linkname: '/etc' },
      { name: 'b', type: 'link', linkname: 'a/passwd' },
    ],
  ],
  ['a device node', 'EXTENSION_SPECIAL_FILE', [{ name: 'null', type: 'character-device', devmajor: 1, devminor: 3 }]],
  ['a FIFO', 'EXTENSION_SPECIAL_FILE', [{ name: 'fifo', type: 'fifo' }]],
])('an archive with %s is refused', async (_what, code, entries) => {
  await expect(stageArchive(sysroot, await archive(entries), 'app.tar', never)).rejects.toMatchObject({
    code,
    message: expect.stringContaining('app.tar'),
  });
  expect((await readdir(directory)).sort()).toEqual(['app.tar', 'root']);
});

test('packages: without documentation, merged into /usr, hard links kept', async () => {
  const from = join(directory, 'packages');
  const file = async (path: string) => {
    await mkdir(join(from, path, '..'), { recursive: true });
    await writeFile(join(from, path), path);
  };
  for (const path of ['usr/bin/a', 'lib/udev/b', 'usr/share/doc/a/copyright', 'var/lib/dpkg/status']) await file(path);
  await file('run/x');
  await symlink('usr/bin', join(from, 'bin'));
  const { link } = await import('node:fs/promises');
  await link(join(from, 'usr/bin/a'), join(from, 'usr/bin/c'));
  await mkdir(join(from, 'var/lib/nginx/body'), { recursive: true });
  await mkdir(join(from, 'var/log/nginx'), { recursive: true });
  const directories = await stagePackages(sysroot, from, never);
  expect(renderVarDirectories(directories, '# own\nd /var/log/nginx/ 0750 www-data adm -\n')).toBe(
    'd /var/lib/nginx 0755 root root -\nd /var/lib/nginx/body 0755 root root -\n',
  );
  const files = (await listTree(sysroot.path)).filter(({ kind }) => kind !== 'directory');
  expect(files.map(({ path }) => path)).toEqual(['usr/bin/a', 'usr/bin/c', 'usr/lib/udev/b']);
  expect(files[0]?.inode).toBe(files[1]?.inode);
});
