import { createReadStream, createWriteStream } from 'node:fs';
import { readdir, rm, rmdir } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { pack } from 'tar-stream';
import { AvocadoError } from '../error';
import type { SourcePosition } from '../error';
import { globToRegExp } from './glob';
import type { TreeEntry } from './walk';

/** The entries that `var_files` takes out of the image, with the directories above them; pure. */
export function selectVarFiles(
  entries: TreeEntry[],
  patterns: string[],
  position?: SourcePosition,
): { selected: TreeEntry[]; warnings: string[] } {
  const outside = patterns.find((pattern) => !/^\/?var\/./.test(pattern) || pattern.split('/').includes('..'));
  if (outside !== undefined) {
    throw new AvocadoError('VAR_FILES_OUTSIDE', `var_files: ${outside} is not below var`, {
      position,
      hint: 'Only files below /var can move to the var partition: var/lib/app/**.',
    });
  }
  const used = new Set<string>();
  const chosen = new Set<string>();
  for (const { path } of entries) {
    if (!path.startsWith('var/')) continue;
    const pattern = patterns.find((one) => globToRegExp(one).test(path));
    if (pattern === undefined) continue;
    used.add(pattern);
    for (let at = path; at !== 'var' && !chosen.has(at); at = posix.dirname(at)) chosen.add(at);
  }
  // A pattern may be served by files that another one took first.
  const unused = patterns.filter((one) => !used.has(one) && !entries.some(({ path }) => globToRegExp(one).test(path)));
  return {
    selected: entries.filter(({ path }) => chosen.has(path)),
    warnings: unused.map((pattern) => `var_files: nothing in the extension matches ${pattern}`),
  };
}

/**
 * Moves entries out of the sysroot into a tar archive: paths relative to `/var`, parents first, owner 0:0, one time for
 * all. Streams: its memory does not depend on the files' sizes.
 */
export async function moveVarFiles(
  sysroot: string,
  selected: TreeEntry[],
  archive: string,
  sourceDateEpoch: number,
): Promise<void> {
  const tar = pack();
  const written = pipeline(tar, createWriteStream(archive, { flags: 'wx' }));
  const fill = async () => {
    for (const { path, kind, mode, size, target } of selected) {
      const header = {
        name: path.slice('var/'.length),
        mode,
        uid: 0,
        gid: 0,
        mtime: new Date(sourceDateEpoch * 1000),
      };
      if (kind === 'file') {
        await pipeline(createReadStream(join(sysroot, path)), tar.entry({ ...header, type: 'file', size }));
      } else {
        tar.entry({
          ...header,
          ...(kind === 'link' ? { type: 'symlink', linkname: target ?? '' } : { type: 'directory' }),
        });
      }
    }
    tar.finalize();
  };
  await Promise.all([written, fill().catch((error: Error) => tar.destroy(error))]);
  for (const { path, kind } of [...selected].reverse()) {
    if (kind === 'directory') await removeIfEmpty(join(sysroot, path));
    else await rm(join(sysroot, path));
  }
  await removeIfEmpty(join(sysroot, 'var'));
}

async function removeIfEmpty(directory: string): Promise<void> {
  if ((await readdir(directory)).length === 0) await rmdir(directory);
}
