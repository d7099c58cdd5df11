import { constants, createWriteStream } from 'node:fs';
import { chmod, copyFile, link, lstat, mkdir, rm, symlink, unlink, writeFile } from 'node:fs/promises';
import type { Stats } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { AvocadoError } from '../error';

/** What to do where something of another kind stands at a path: refuse, or take its place. */
export type OnConflict = 'refuse' | 'replace';

/**
 * The tree that becomes the image. Every write goes through here: no path leaves the sysroot, no link is written through,
 * and modes are set explicitly, so that neither the umask nor the host's links have a say.
 */
export class Sysroot {
  /** What is being written, for messages: `the overlay examples/app/overlay`. */
  origin = 'the extension';
  /** Directories known to be real ones: an lstat for each component of each path would double the calls. */
  readonly #directories = new Set<string>(['']);

  /** @param path absolute path of an existing directory */
  constructor(readonly path: string) {}

  /** Makes a directory with its parents. Owner bits are always on: whoever builds must be able to write and remove it. */
  async directory(name: string, mode = 0o755, conflict: OnConflict = 'refuse'): Promise<void> {
    const path = this.clean(name);
    if (path === '') return;
    await this.parents(path);
    const host = join(this.path, path);
    const found = await lstatOrUndefined(host);
    if (found && !found.isDirectory()) {
      if (conflict === 'refuse') throw this.conflict(path, 'a directory', found);
      await unlink(host);
    }
    if (!found?.isDirectory()) await mkdir(host);
    await chmod(host, (mode & 0o7777) | 0o700);
    this.#directories.add(path);
  }

  async write(name: string, content: string | Uint8Array, mode = 0o644, conflict?: OnConflict): Promise<void> {
    const host = await this.place(name, 'a file', conflict);
    await writeFile(host, content, { flag: 'wx' });
    await chmod(host, mode & 0o7777);
  }

  async stream(name: string, content: AsyncIterable<unknown>, mode: number): Promise<void> {
    const host = await this.place(name, 'a file');
    await pipeline(content, createWriteStream(host, { flags: 'wx' }));
    await chmod(host, mode & 0o7777);
  }

  /** The kernel copies (or shares, where the filesystem can): no byte comes through this process. */
  async copy(name: string, source: string, mode: number, conflict?: OnConflict): Promise<void> {
    const host = await this.place(name, 'a file', conflict);
    await copyFile(source, host, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
    await chmod(host, mode & 0o7777);
  }

  /** `target` is what the device will read; it is never followed here. */
  async symlink(name: string, target: string, conflict?: OnConflict): Promise<void> {
    await symlink(target, await this.place(name, 'a link', conflict));
  }

  async hardLink(name: string, existing: string): Promise<void> {
    const from = this.clean(existing);
    await this.parents(from);
    const found = await lstatOrUndefined(join(this.path, from));
    if (!found?.isFile()) throw this.refuse(`hard link ${name} points to ${existing}, which is no file there`);
    if (from === this.clean(name)) return;
    await link(join(this.path, from), await this.place(name, 'a file'));
  }

  /** The path without `./` and slashes at its ends. @throws AvocadoError `SYSROOT_ESCAPE` */
  clean(name: string): string {
    const parts = name.split('/').filter((part) => part !== '' && part !== '.');
    if (name.startsWith('/') || parts.includes('..') || name.includes('\0')) {
      throw new AvocadoError('SYSROOT_ESCAPE', `${this.origin}: path ${JSON.stringify(name)} leaves the extension`);
    }
    return parts.join('/');
  }

  private async place(name: string, kind: string, conflict: OnConflict = 'refuse'): Promise<string> {
    const path = this.clean(name);
    if (path === '') throw this.refuse(`${kind} cannot stand for the root directory`);
    await this.parents(path);
    const host = join(this.path, path);
    const found = await lstatOrUndefined(host);
    if (found?.isDirectory()) {
      if (conflict === 'refuse') throw this.conflict(path, kind, found);
      this.#directories.clear();
      this.#directories.add('');
      await rm(host, { recursive: true });
    } else if (found) {
      // Never opened for writing: it may be a link to elsewhere, or share its content with other names.
      await unlink(host);
    }
    return host;
  }

  private async parents(path: string): Promise<void> {
    for (let at = path.indexOf('/'); at !== -1; at = path.indexOf('/', at + 1)) {
      const parent = path.slice(0, at);
      if (this.#directories.has(parent)) continue;
      const host = join(this.path, parent);
      const found = await lstatOrUndefined(host);
      if (found?.isSymbolicLink()) {
        throw new AvocadoError(
          'SYSROOT_LINK_TRAVERSAL',
          `${this.origin}: ${path} goes through ${parent}, which is a link`,
          {
            hint: 'Install the file at the place that the link points to.',
          },
        );
      }
      if (found && !found.isDirectory()) throw this.conflict(parent, 'a directory', found);
      if (!found) {
        // Files of one directory may be written at the same time: whoever comes second finds it made.
        await mkdir(host, { recursive: true });
        await chmod(host, 0o755);
      }
      this.#directories.add(parent);
    }
  }

  private conflict(path: string, wanted: string, found: Stats): AvocadoError {
    const kind = found.isDirectory() ? 'a directory' : found.isSymbolicLink() ? 'a link' : 'a file';
    return this.refuse(`${path} is ${wanted} here, but ${kind} in what was installed before`);
  }

  private refuse(what: string): AvocadoError {
    return new AvocadoError('SYSROOT_CONFLICT', `${this.origin}: ${what}`);
  }
}

export async function lstatOrUndefined(path: string): Promise<Stats | undefined> {
  return lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
    throw error;
  });
}
