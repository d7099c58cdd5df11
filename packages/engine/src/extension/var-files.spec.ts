import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { extract } from 'tar-stream';
import { checkTree } from './check';
import { moveVarFiles, selectVarFiles } from './var-files';
import { listTree } from './walk';

let directory: string;
let sysroot: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'var-'));
  sysroot = join(directory, 'root');
  for (const path of ['usr/bin/a', 'var/lib/docker/x/1', 'var/lib/docker/2', 'var/lib/other/3']) {
    await mkdir(dirname(join(sysroot, path)), { recursive: true });
    await writeFile(join(sysroot, path), path);
  }
  await symlink('x', join(sysroot, 'var/lib/docker/link'));
});
afterEach(() => rm(directory, { recursive: true }));

async function readTar(path: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for await (const entry of createReadStream(path).pipe(extract())) {
    const { name, type, linkname, uid, mtime } = entry.header;
    expect([uid, mtime.getTime()]).toEqual([0, 5000]);
    let text = '';
    for await (const chunk of entry) text += String(chunk);
    found[name] = type === 'file' ? text : `${type}${linkname ? ` ${linkname}` : ''}`;
  }
  return found;
}

test('matching files move to the archive, relative to /var', async () => {
  const { selected, warnings } = selectVarFiles(await listTree(sysroot), ['var/lib/docker/**', 'var/none/*']);
  expect(warnings).toEqual([expect.stringContaining('var/none/*')]);
  await moveVarFiles(sysroot, selected, join(directory, 'var.tar'), 5);
  expect(await readTar(join(directory, 'var.tar'))).toEqual({
    lib: 'directory',
    'lib/docker': 'directory',
    'lib/docker/2': 'var/lib/docker/2',
    'lib/docker/link': 'symlink x',
    'lib/docker/x': 'directory',
    'lib/docker/x/1': 'var/lib/docker/x/1',
  });
  const left = (await listTree(sysroot)).filter(({ kind }) => kind !== 'directory').map(({ path }) => path);
  expect(left).toEqual(['usr/bin/a', 'var/lib/other/3']);
});

test('nothing is left of var when everything moved', async () => {
  const { selected } = selectVarFiles(await listTree(sysroot), ['/var/lib']);
  await moveVarFiles(sysroot, selected, join(directory, 'var.tar'), 5);
  expect((await listTree(sysroot)).map(({ path }) => path)).toEqual(['usr', 'usr/bin', 'usr/bin/a']);
});

test.each(['usr/share/**', 'var', '/var/', 'var/../etc/passwd'])('%s is not below var', (pattern) => {
  expect(() => selectVarFiles([], [pattern])).toThrow(expect.objectContaining({ code: 'VAR_FILES_OUTSIDE' }));
});

describe('the check of the tree', () => {
  const entry = (path: string, kind: 'file' | 'special' = 'file') => ({ path, kind, mode: 0o644, size: 0 });

  test('says what no device will see, and how to change that', () => {
    const entries = [entry('usr/a'), entry('opt/a'), entry('etc/a'), entry('srv/a')];
    expect(checkTree(entries, { name: 'app', types: ['sysext', 'confext'] })).toEqual([
      'extension app has /srv, which no sysext or confext carries: the device will not see it',
    ]);
    expect(checkTree(entries, { name: 'app', types: ['sysext'] })).toEqual([
      'extension app has /etc, /srv, which no sysext carries: the device will not see them; add confext to its types',
    ]);
    expect(checkTree(entries.slice(2, 3), { name: 'app', types: ['confext'] })).toEqual([]);
    expect(checkTree([], { name: 'app', types: ['sysext'] })).toEqual([]);
  });

  test('refuses special files', () => {
    expect(() => checkTree([entry('usr/dev', 'special')], { name: 'app', types: ['sysext'] })).toThrow(
      expect.objectContaining({ code: 'EXTENSION_SPECIAL_FILE', message: expect.stringContaining('usr/dev') }),
    );
  });
});
