import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { pack } from 'tar-stream';
import type { Header, Pack } from 'tar-stream';
import { tarEntries } from './base';
import { isDropped } from './filter';
import type { Addition, Additions } from './tree';

/**
 * Writes the OS image's tree as one tar, from the packages' tar and what is added to it: no byte of it is unpacked, so
 * owners and modes are right without being root. Everything has the same time.
 *
 * @param replaced new content of files of the packages, which keep owner and mode
 * @returns sha256 of the tar
 */
export async function composeTree(
  baseTar: string,
  replaced: ReadonlyMap<string, string>,
  additions: Additions,
  output: string,
  sourceDateEpoch: number,
  signal: AbortSignal,
): Promise<string> {
  const mtime = new Date(sourceDateEpoch * 1000);
  const tar = pack();
  const hash = createHash('sha256');
  const digest = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      done(null, chunk);
    },
  });
  const written = pipeline(tar, digest, createWriteStream(output));
  const sorted = additions.sorted();
  const added = new Set(sorted.map(([path]) => path));

  const fill = async (): Promise<void> => {
    for await (const { path, entry } of tarEntries(baseTar)) {
      signal.throwIfAborted();
      const { type } = entry.header;
      const replacement = replaced.get(path);
      const header = plainHeader(entry.header, path, mtime);
      if (path === '' || isDropped(path) || added.has(path)) {
        entry.resume();
      } else if (replacement !== undefined) {
        entry.resume();
        await pipeline([Buffer.from(replacement)], tar.entry({ ...header, size: Buffer.byteLength(replacement) }));
      } else if (type === 'file' || type === 'contiguous-file') {
        await pipeline(entry, tar.entry({ ...header, type: 'file', size: entry.header.size }));
      } else {
        entry.resume();
        tar.entry(header);
      }
    }
    for (const [path, addition] of sorted) await addEntry(tar, path, addition, mtime);
    tar.finalize();
  };
  await Promise.all([written, fill().catch((error: Error) => tar.destroy(error))]);
  return hash.digest('hex');
}

/** Owner by number, no extended attributes: upstream leaves them out of its images, too. */
function plainHeader({ mode, uid, gid, type, linkname }: Header, name: string, mtime: Date) {
  return { name, mode, uid, gid, type, linkname, mtime, uname: '', gname: '' };
}

async function addEntry(tar: Pack, path: string, addition: Addition, mtime: Date): Promise<void> {
  const header = { name: path, mtime, uid: 0, gid: 0, uname: '', gname: '' };
  if (addition.kind === 'directory') {
    tar.entry({ ...header, type: 'directory', mode: addition.mode });
  } else if (addition.kind === 'link') {
    tar.entry({ ...header, type: 'symlink', mode: 0o777, linkname: addition.target });
  } else if ('content' in addition) {
    const { mode, content } = addition;
    await pipeline([content], tar.entry({ ...header, type: 'file', mode, size: content.length }));
  } else {
    const { mode, source, size } = addition;
    await pipeline(createReadStream(source), tar.entry({ ...header, type: 'file', mode, size }));
  }
}
