import { posix } from 'node:path';
import { stageArchive } from '../extension/archive';
import { Sysroot } from '../extension/sysroot';
import { provePart } from './parts';
import type { VarContent } from './var-content';

/**
 * Makes what the var partition holds in an empty directory. Every part is proven first.
 * @returns its subvolumes, relative to /var
 * @throws AvocadoError `OUTPUT_*`, `SYSROOT_CONFLICT`
 */
export async function stageVar(
  content: VarContent,
  directory: string,
  workspaceRoot: string,
  signal: AbortSignal,
): Promise<string[]> {
  const tree = new Sysroot(directory);
  const subvolumes: string[] = [];
  for (const entry of content.entries) {
    signal.throwIfAborted();
    tree.origin = 'the var partition';
    const { path } = entry;
    if (entry.kind === 'directory') {
      await tree.directory(path, entry.mode, 'replace');
    } else if (entry.kind === 'subvolume') {
      await tree.directory(path, 0o755, 'replace');
      subvolumes.push(path);
    } else if (entry.kind === 'link') {
      await tree.symlink(path, entry.target, 'replace');
    } else if (entry.kind === 'text') {
      await tree.write(path, entry.text, entry.mode, 'replace');
    } else if (entry.kind === 'archive') {
      await stageArchive(tree, await provePart(workspaceRoot, entry.source), posix.basename(entry.source.path), signal);
    } else {
      await tree.copy(path, await provePart(workspaceRoot, entry.source), entry.mode, 'replace');
    }
  }
  return subvolumes;
}
