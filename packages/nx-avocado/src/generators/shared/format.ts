import { posix } from 'node:path';
import { formatFiles } from '@nx/devkit';
import type { Tree } from '@nx/devkit';
import { configName } from './config-file';

/**
 * Formats what was written with the workspace's formatter. An avocado.yaml that was there before keeps its bytes: a
 * formatter would change quotes and spacing all over the file, for one section that was added.
 */
export async function formatNewFiles(tree: Tree): Promise<void> {
  const edited = tree
    .listChanges()
    .filter(({ path, type }) => type === 'UPDATE' && posix.basename(path) === configName);
  await formatFiles(tree);
  for (const { path, content } of edited) if (content) tree.write(path, content);
}
