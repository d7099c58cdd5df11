import { mkdir, mkdtemp, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finishRoot } from './finish';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'finish-'));
});
afterEach(() => rm(root, { recursive: true }));

async function put(path: string, text: string): Promise<void> {
  await mkdir(join(root, path, '..'), { recursive: true });
  await writeFile(join(root, path), text);
}

test('what maintainer scripts would have done, where the package is there', async () => {
  await put('usr/bin/mawk', '');
  await put('usr/bin/gcc', '');
  await put('usr/bin/cc', 'own');
  await put('usr/lib/jvm/java-21-openjdk-amd64/bin/javac', '');
  await put('usr/share/ca-certificates/mozilla/b.crt', 'B');
  await put('usr/share/ca-certificates/mozilla/a.crt', 'A\n');
  await put('usr/share/base-passwd/passwd.master', 'root:*:0:0:root:/root:/bin/bash\n');
  await finishRoot(root);
  expect(await readlink(join(root, 'usr/bin/awk'))).toBe('mawk');
  expect(await readFile(join(root, 'usr/bin/cc'), 'utf8')).toBe('own');
  expect(await readlink(join(root, 'usr/bin/javac'))).toBe('../lib/jvm/java-21-openjdk-amd64/bin/javac');
  expect(await readFile(join(root, 'etc/ssl/certs/ca-certificates.crt'), 'utf8')).toBe('A\nB\n');
  expect(await readFile(join(root, 'etc/passwd'), 'utf8')).toMatch(/^root:/);
  await expect(readlink(join(root, 'usr/bin/js'))).rejects.toThrow('ENOENT');
});
