import { join, posix } from 'node:path';
import { stageArchive } from '../extension/archive';
import { Sysroot } from '../extension/sysroot';
import { provePart } from './parts';
import type { VarContent } from './var-content';

/** Where the extension images lie: repart copies them straight from the outputs. */
const images = 'lib/avocado/images/';

export interface StagedVar {
  /** Images by their place in the partition, proven: path relative to /var, absolute path on the host. */
  images: { path: string; host: string }[];
  /** Relative to /var. */
  subvolumes: string[];
}

/**
 * Makes what the var partition holds, less the images, in an empty directory. Every part is proven first.
 * @throws AvocadoError `OUTPUT_*`, `SYSROOT_CONFLICT`
 */
export async function stageVar(
  content: VarContent,
  directory: string,
  workspaceRoot: string,
  signal: AbortSignal,
): Promise<StagedVar> {
  const tree = new Sysroot(directory);
  const staged: StagedVar = { images: [], subvolumes: [] };
  for (const entry of content.entries) {
    signal.throwIfAborted();
    tree.origin = 'the var partition';
    const { path } = entry;
    if (entry.kind === 'directory') {
      await tree.directory(path, entry.mode, 'replace');
    } else if (entry.kind === 'subvolume') {
      await tree.directory(path, 0o755, 'replace');
      staged.subvolumes.push(path);
    } else if (entry.kind === 'link') {
      await tree.symlink(path, entry.target, 'replace');
    } else if (entry.kind === 'text') {
      await tree.write(path, entry.text, entry.mode, 'replace');
    } else if (entry.kind === 'archive') {
      await stageArchive(tree, await provePart(workspaceRoot, entry.source), posix.basename(entry.source.path), signal);
    } else {
      const host = await provePart(workspaceRoot, entry.source);
      if (path.startsWith(images)) staged.images.push({ path, host });
      else await tree.copy(path, host, entry.mode, 'replace');
    }
  }
  return staged;
}

/** Absolute path in the partition. */
export function inVar(path: string): string {
  return join('/', path);
}
