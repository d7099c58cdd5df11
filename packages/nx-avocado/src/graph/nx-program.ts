import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** The workspace's own nx, as a script for Node. */
export function nxProgram(root: string): string {
  const manifest = createRequire(join(root, 'package.json')).resolve('nx/package.json');
  const { bin } = createRequire(manifest)(manifest) as { bin: { nx: string } };
  return join(dirname(manifest), bin.nx);
}
