import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Task } from '@nx/devkit';
import { sweepOutputs } from './sweep';

test('what a killed process left beside an output or in it goes, of every task of the run', async () => {
  const root = mkdtempSync(join(tmpdir(), 'nx-avocado-sweep-'));
  try {
    // A process that is gone.
    const { pid } = spawnSync('true');
    const [gone, ours] = [`${pid}-0123456789ab`, `${process.pid}-0123456789ab`];
    mkdirSync(join(root, 'app/x86/build'), { recursive: true });
    mkdirSync(join(root, `app/x86/.tmp-build-${gone}/tree`), { recursive: true });
    mkdirSync(join(root, `app/x86/.tmp-build-${ours}`));
    for (const name of ['image.raw', `.tmp-inputs.json-${gone}`]) writeFileSync(join(root, 'app/x86/build', name), '');
    const task = (output: string): Task => ({ outputs: [output] }) as Task;
    const tasks = { 'app:build': task('app/x86/build'), 'dev:build': task('dev/x86/build') };
    await sweepOutputs(root, { tasks });
    expect(readdirSync(join(root, 'app/x86')).sort()).toEqual([`.tmp-build-${ours}`, 'build']);
    expect(readdirSync(join(root, 'app/x86/build'))).toEqual(['image.raw']);
  } finally {
    rmSync(root, { recursive: true });
  }
});
