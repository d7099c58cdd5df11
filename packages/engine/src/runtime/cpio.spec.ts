import { cpioArchive } from './cpio';

test('an archive that the kernel reads: newc, sorted, of root, without times', () => {
  const archive = cpioArchive([
    { path: 'init', kind: 'file', mode: 0o755, content: Buffer.from('#!') },
    { path: 'bin', kind: 'directory', mode: 0o755 },
    { path: 'bin/sh', kind: 'link', target: 'busybox' },
  ]);
  expect(archive.length % 4).toBe(0);
  const text = archive.toString('latin1');
  const header = (inode: string, mode: string, links: string, size: string, name: string) =>
    `070701${inode.padStart(8, '0')}${mode.padStart(8, '0')}${'0'.repeat(16)}${links.padStart(8, '0')}${'0'.repeat(8)}` +
    `${size.padStart(8, '0')}${'0'.repeat(32)}${(name.length + 1).toString(16).padStart(8, '0')}${'0'.repeat(8)}${name}\0`;
  const bin = header('1', '41ed', '2', '0', 'bin');
  const sh = header('2', 'a1ff', '1', '7', 'bin/sh');
  const init = header('3', '81ed', '1', '2', 'init');
  expect(text.startsWith(bin)).toBe(true);
  expect(text.indexOf(sh)).toBeGreaterThan(0);
  expect(text.indexOf(sh)).toBeLessThan(text.indexOf(init));
  expect(text.slice(text.indexOf(init)).startsWith(`${init}\0#!\0\0`)).toBe(true);
  expect(text).toContain('TRAILER!!!\0');
});

test('the order of entries does not matter', () => {
  const a = { path: 'a', kind: 'file' as const, mode: 0o644, content: Buffer.from('1') };
  const b = { path: 'b', kind: 'link' as const, target: 'a' };
  expect(cpioArchive([a, b]).equals(cpioArchive([b, a]))).toBe(true);
});
