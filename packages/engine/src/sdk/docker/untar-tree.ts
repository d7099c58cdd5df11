import { chmod, link, lstat, mkdir, open, readdir, rename, rm, symlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { extract } from 'tar-stream';
import { AvocadoError } from '../../error';
import { temporaryName } from '../../store';

/**
 * Puts a tar of a container's directory, or of one file, in the place of what is at `path`. All of it is there before the
 * first name changes; everything is of this user. Times are not kept: nothing looks at those of an output.
 * @param sent names directly in the directory that the container had: those that it has no more are removed. Others,
 * which another process may have made meanwhile, stay
 * @throws AvocadoError `DOCKER_OUTPUT_INVALID`
 */
export async function untarOnto(tar: Readable, path: string, sent: readonly string[] = []): Promise<void> {
  const temporary = temporaryName(path);
  try {
    await untarInto(tar, temporary);
    const [top] = await readdir(temporary);
    if (top === undefined) throw invalid(path, 'nothing came');
    const came = join(temporary, top);
    if (!(await lstat(came)).isDirectory()) return await replace(came, path);
    const names = await readdir(came);
    await mkdir(path, { recursive: true });
    for (const name of names) await replace(join(came, name), join(path, name));
    for (const name of sent.filter((one) => !names.includes(one))) await remove(join(path, name));
  } finally {
    await remove(temporary);
  }
}

/** Puts a tar into a new directory. @throws AvocadoError `DOCKER_OUTPUT_INVALID` */
export async function untarInto(tar: Readable, directory: string): Promise<void> {
  await mkdir(directory, { recursive: true });
  await untar(tar, directory);
}

async function replace(from: string, to: string): Promise<void> {
  await remove(to);
  await rename(from, to);
}

function remove(path: string): Promise<void> {
  return rm(path, { recursive: true, force: true });
}

/** Links come last, so that nothing is written through one. */
async function untar(tar: Readable, directory: string): Promise<void> {
  const entries = extract();
  tar.on('error', (error) => entries.destroy(error));
  tar.pipe(entries);
  const modes: [string, number][] = [];
  const symlinks: [string, string][] = [];
  const links: [string, string][] = [];
  for await (const entry of entries) {
    const { type, linkname, size = 0, mode = 0o644 } = entry.header;
    const path = inside(directory, entry.header.name);
    if (type === 'file' || type === 'contiguous-file') {
      await writeSparse(path, entry as unknown as AsyncIterable<Buffer>, size);
      await chmod(path, mode & 0o7777);
      continue;
    }
    entry.resume();
    if (type === 'directory') {
      await mkdir(path, { recursive: true });
      modes.push([path, mode & 0o7777]);
    } else if (type === 'symlink') symlinks.push([path, linkname ?? '']);
    else if (type === 'link') links.push([inside(directory, linkname ?? ''), path]);
    else throw invalid(entry.header.name, `it is no file, directory or link (${type})`);
  }
  const isLinked = new Set(symlinks.map(([path]) => path));
  const place = (these: [string, string][]): Promise<void> =>
    these.reduce(async (before, [from, to]) => (await before, link(from, to)), Promise.resolve());
  await place(links.filter(([from]) => !isLinked.has(from)));
  for (const [path, to] of symlinks) await symlink(to, path);
  await place(links.filter(([from]) => isLinked.has(from)));
  // A directory that may not be written is closed after what is in it.
  for (const [path, mode] of modes.reverse()) await chmod(path, mode);
}

const zeros = Buffer.alloc(64 * 1024);

/** A disk is mostly holes, which a tar does not know. */
async function writeSparse(path: string, content: AsyncIterable<Buffer>, size: number): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const file = await open(path, 'wx', 0o600);
  try {
    let at = 0;
    for await (const chunk of content) {
      for (let begin = 0; begin < chunk.length; begin += zeros.length) {
        const part = chunk.subarray(begin, begin + zeros.length);
        if (!part.equals(zeros.subarray(0, part.length))) await file.writev([part], at + begin);
      }
      at += chunk.length;
    }
    await file.truncate(size);
  } finally {
    await file.close();
  }
}

function inside(directory: string, name: string): string {
  const parts = name.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..') || name.startsWith('/')) throw invalid(name, 'its name leaves its directory');
  return join(directory, ...parts);
}

function invalid(name: string, why: string): AvocadoError {
  return new AvocadoError('DOCKER_OUTPUT_INVALID', `${basename(name)} cannot come back from the container: ${why}`, {
    hint: 'Outputs are files, directories and links. Device nodes, FIFOs and sockets are made on the device.',
  });
}
