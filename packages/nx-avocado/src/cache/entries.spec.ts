import { mkdirSync, mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TaskGraph } from '@nx/devkit';
import { writeManifest } from '@nx-avocado/engine/store';
import { dropDamagedEntries } from './entries';

test('a damaged entry of a task goes, whole ones and those of other tasks stay', async () => {
  const cache = mkdtempSync(join(tmpdir(), 'nx-avocado-entries-'));
  const path = 'app/.avocado/app/qemux86-64/build';
  const other = 'other/dist';
  try {
    for (const key of ['1', '2', '3', '4']) {
      const directory = join(cache, key, path);
      mkdirSync(directory, { recursive: true });
      writeFileSync(join(directory, 'image.raw'), 'bytes');
      await writeManifest(directory, ['image.raw']);
    }
    truncateSync(join(cache, '2', path, 'image.raw'), 4);
    rmSync(join(cache, '3', path, 'manifest.json'));
    rmSync(join(cache, '4'), { recursive: true });
    for (const directory of [join('5', other), '6', 'terminalOutputs'])
      mkdirSync(join(cache, directory), { recursive: true });
    const tasks = { a: { outputs: [path] }, b: { outputs: [other] } } as unknown as TaskGraph['tasks'];
    expect((await dropDamagedEntries(cache, { tasks })).sort()).toEqual(['2', '3', '6']);
    expect(readdirSync(cache).sort()).toEqual(['1', '5', 'terminalOutputs']);
  } finally {
    rmSync(cache, { recursive: true });
  }
});
