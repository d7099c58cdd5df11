import { mkdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { walkTree } from '../extension/walk';
import type { RootSpec } from '../feed/types';
import { runTool } from '../runtime/tools';
import { storePath, withTemporaryDirectory } from '../store';
import type { TaskContext } from '../task';

/** Bytes by path relative to the image's root. A file that has several names counts at its first. */
export type ImageFiles = Map<string, number>;

/**
 * The files of an image as it ships, whoever built it and from what: it is opened by the image tools.
 * @param image absolute path, proven
 * @throws AvocadoError `COMMAND_FAILED`
 */
export async function imageFiles(
  image: string,
  filesystem: 'erofs' | 'squashfs',
  tools: RootSpec,
  context: TaskContext,
): Promise<ImageFiles> {
  return withTemporaryDirectory(storePath('work'), async (work) => {
    await mkdir(join(work, 'out'));
    const file = `/work/image/${basename(image)}`;
    await runTool(
      tools,
      {
        label: `contents of ${basename(image)}`,
        argv:
          filesystem === 'erofs'
            ? ['fsck.erofs', '--extract=/work/out/tree', '--no-preserve', file]
            : ['unsquashfs', '-quiet', '-no-progress', '-no-xattrs', '-dest', '/work/out/tree', file],
        mounts: [
          { source: dirname(image), target: '/work/image' },
          { source: join(work, 'out'), target: '/work/out', writable: true },
        ],
      },
      context,
    );
    const files: ImageFiles = new Map();
    const seen = new Set<string>();
    for await (const { path, kind, size, inode } of walkTree(join(work, 'out/tree'))) {
      context.signal.throwIfAborted();
      if (kind !== 'file' || (inode !== undefined && seen.has(inode))) continue;
      if (inode !== undefined) seen.add(inode);
      files.set(path, size);
    }
    return files;
  });
}
