import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { followFiles } from './follow';

test('files that are saved together come together; what builds write does not come', async () => {
  const root = mkdtempSync(join(tmpdir(), 'nx-avocado-follow-'));
  mkdirSync(join(root, 'target'));
  writeFileSync(join(root, 'target/CACHEDIR.TAG'), '');
  mkdirSync(join(root, '.avocado'));
  mkdirSync(join(root, 'src'));
  const told: string[] = [];
  let enough = (): void => undefined;
  const both = new Promise<void>((resolve) => (enough = resolve));
  const follower = followFiles([root], (paths) => {
    told.push(...[...paths].map((path) => path.slice(root.length + 1)));
    if (told.includes('src/a.rs') && told.includes('src/b.rs')) enough();
  });
  try {
    await follower.ready;
    for (const file of ['target/out', '.avocado/out', 'src/a.rs', 'src/b.rs']) writeFileSync(join(root, file), '');
    await both;
    expect(told.filter((path) => !path.startsWith('src'))).toEqual([]);
  } finally {
    await follower.close();
    rmSync(root, { recursive: true });
  }
});
