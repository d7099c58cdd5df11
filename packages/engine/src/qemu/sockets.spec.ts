import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeSocketDirectory } from './sockets';

test('what a killed process left is removed; a running one keeps its own', () => {
  const parent = mkdtempSync(join(tmpdir(), 'sockets-'));
  try {
    const dead = spawnSync('true').pid;
    mkdirSync(join(parent, `avocado-qemu-${dead}-abcdef`));
    mkdirSync(join(parent, 'avocado-qemu-other'));
    const first = makeSocketDirectory(parent);
    const second = makeSocketDirectory(parent);
    expect(readdirSync(parent).map((name) => join(parent, name))).toEqual(
      expect.arrayContaining([first, second, join(parent, 'avocado-qemu-other')]),
    );
    expect(readdirSync(parent)).toHaveLength(3);
  } finally {
    rmSync(parent, { recursive: true });
  }
});

test('a long temporary directory is passed over: socket paths have a limit', () => {
  const parent = join(mkdtempSync(join(tmpdir(), 'sockets-')), 'x'.repeat(90));
  mkdirSync(parent);
  const directory = makeSocketDirectory(parent);
  try {
    expect(directory.startsWith('/tmp/avocado-qemu-')).toBe(true);
  } finally {
    rmSync(directory, { recursive: true });
    rmSync(join(parent, '..'), { recursive: true });
  }
});
