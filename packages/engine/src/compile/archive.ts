import { createReadStream, createWriteStream } from 'node:fs';
import { lstat, readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { pack } from 'tar-stream';
import type { Pack } from 'tar-stream';
import { AvocadoError } from '../error';

/**
 * Packs what was installed below `directory`: sorted, owner 0:0, time 0, so that the same files are the same bytes.
 * Modes are those that were installed: the sandbox's umask is fixed, and an `install -m 0600` must stay private.
 * Contents are streamed.
 * @returns the paths of the files and links in it
 * @throws AvocadoError `INSTALL_SPECIAL_FILE` for what an image cannot hold
 */
export async function packDirectory(directory: string, archive: string): Promise<string[]> {
  const tar = pack();
  const written = pipeline(tar, createWriteStream(archive, { mode: 0o644 }));
  // The failure that counts is the one below; without this, the other would end the process as unhandled.
  written.catch(() => undefined);
  const paths: string[] = [];
  try {
    for (const path of await list(directory, '')) {
      if (await addEntry(tar, directory, path)) paths.push(path);
    }
    tar.finalize();
  } catch (error) {
    tar.destroy();
    throw error;
  }
  await written;
  return paths;
}

async function addEntry(tar: Pack, directory: string, path: string): Promise<boolean> {
  const source = join(directory, path);
  const stat = await lstat(source);
  const header = { name: path, mode: stat.mode & 0o7777, uid: 0, gid: 0, mtime: new Date(0) };
  if (stat.isDirectory()) {
    await addEmpty(tar, { ...header, type: 'directory' });
    return false;
  }
  if (stat.isSymbolicLink()) {
    await addEmpty(tar, { ...header, mode: 0o777, type: 'symlink', linkname: await readlink(source) });
    return true;
  }
  if (!stat.isFile()) {
    throw new AvocadoError(
      'INSTALL_SPECIAL_FILE',
      `the install script made /${path}, which is no file, directory or link`,
      {
        hint: 'Device nodes, sockets and FIFOs are made on the device: use tmpfiles.d for those that the service needs.',
      },
    );
  }
  await pipeline(createReadStream(source), tar.entry({ ...header, type: 'file', size: stat.size }));
  return true;
}

function addEmpty(tar: Pack, header: Parameters<Pack['entry']>[0]): Promise<void> {
  return new Promise((resolve, reject) => {
    tar.entry(header, (error) => (error ? reject(error) : resolve())).end(Buffer.alloc(0));
  });
}

/** Every path below `directory`, parents before what is in them, in an order that no locale changes. */
async function list(directory: string, path: string): Promise<string[]> {
  const entries = await readdir(join(directory, path), { withFileTypes: true });
  entries.sort((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)));
  const paths: string[] = [];
  for (const entry of entries) {
    const child = path === '' ? entry.name : `${path}/${entry.name}`;
    paths.push(child, ...(entry.isDirectory() ? await list(directory, child) : []));
  }
  return paths;
}
