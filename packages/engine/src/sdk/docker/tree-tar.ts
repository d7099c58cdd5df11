import { createReadStream } from 'node:fs';
import { lstat, readdir, readlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { pack } from 'tar-stream';
import type { Pack } from 'tar-stream';
import { AvocadoError } from '../../error';

/** A tar of trees of this machine as it is made: all of root, hard links within a tree kept, names sorted. */
export class TreeTar {
  readonly stream: Pack = pack();
  private readonly linked = new Map<string, string>();
  private readonly made = new Set<string>();

  /** @param clock milliseconds that are added to every time: what the reader's clock is ahead of ours */
  constructor(private readonly clock = 0) {}

  /**
   * Adds what is at `path` as `name`.
   * @param needs only these paths below it; of one that ends with `/`, the directory alone
   */
  async add(path: string, name: string, needs?: readonly string[]): Promise<void> {
    this.linked.clear();
    if (!needs) return this.tree(path, name);
    await this.entry(path, name);
    for (const needed of [...needs].sort()) {
      const bare = needed.replace(/\/$/, '');
      await this.parents(path, name, dirname(bare));
      const [at, as] = [join(path, bare), `${name}/${bare}`];
      if (bare === needed) await this.tree(at, as);
      else await this.entry(at, as);
    }
  }

  /** A directory of nothing on this machine. */
  directory(name: string, mode: number): Promise<void> {
    return this.write({ name: `${name}/`, type: 'directory', mode, mtime: new Date(0) });
  }

  private async parents(path: string, name: string, below: string): Promise<void> {
    if (below === '.' || this.made.has(`${name}/${below}`)) return;
    await this.parents(path, name, dirname(below));
    await this.entry(join(path, below), `${name}/${below}`);
  }

  private async tree(path: string, name: string): Promise<void> {
    if (!(await this.entry(path, name))) return;
    for (const child of (await readdir(path)).sort()) await this.tree(join(path, child), `${name}/${child}`);
  }

  /** @returns whether it is a directory */
  private async entry(path: string, name: string): Promise<boolean> {
    const stat = await lstat(path, { bigint: true });
    const mtime = stat.mtimeNs + BigInt(Math.round(this.clock * 1e6));
    const header = {
      ...{ name, mode: Number(stat.mode & 0o7777n), uid: 0, gid: 0, mtime: new Date(Number(mtime / 1_000_000n)) },
      // Whole seconds would make an edit older than it is: cargo and make compare times.
      pax: { mtime: `${mtime / 1_000_000_000n}.${String(mtime % 1_000_000_000n).padStart(9, '0')}` },
    };
    if (stat.isDirectory()) {
      this.made.add(name);
      await this.write({ ...header, name: `${name}/`, type: 'directory' });
    } else if (stat.isSymbolicLink()) {
      await this.write({ ...header, type: 'symlink', linkname: await readlink(path) });
    } else if (stat.isFIFO()) {
      await this.write({ ...header, type: 'fifo' });
    } else if (stat.isFile()) {
      const id = `${stat.dev}:${stat.ino}`;
      const first = stat.nlink > 1n ? this.linked.get(id) : undefined;
      if (first !== undefined) await this.write({ ...header, type: 'link', linkname: first });
      else {
        this.linked.set(id, name);
        const into = this.stream.entry({ ...header, type: 'file', size: Number(stat.size) });
        await pipeline(createReadStream(path), into);
      }
    }
    return stat.isDirectory();
  }

  private write(header: Parameters<Pack['entry']>[0]): Promise<void> {
    return new Promise((resolve, reject) => {
      this.stream.entry(header, (error) => (error ? reject(error) : resolve())).end(Buffer.alloc(0));
    });
  }
}

/**
 * Makes a tar while it is read. The first failure of both sides counts, and ends the other.
 * @param read is to end when the signal does
 * @param clock see {@link TreeTar}
 * @throws AvocadoError `SDK_MOUNT_MISSING`, and what `read` throws
 */
export async function sendTar<T>(
  fill: (tar: TreeTar) => Promise<void>,
  read: (tar: NodeJS.ReadableStream, abortSignal: AbortSignal) => Promise<T>,
  clock = 0,
): Promise<T> {
  const tar = new TreeTar(clock);
  const failed = new AbortController();
  const filled = fill(tar).then(() => tar.stream.finalize(), unreadable);
  const result = read(tar.stream as unknown as NodeJS.ReadableStream, failed.signal);
  try {
    return (await Promise.all([result, filled]))[0];
  } catch (error) {
    failed.abort();
    tar.stream.destroy();
    throw error;
  }
}

/** An error of this machine's files must not look like one of the connection. */
function unreadable(cause: NodeJS.ErrnoException): never {
  throw new AvocadoError('SDK_MOUNT_MISSING', `${cause.path ?? 'a file'} cannot be sent to the Docker daemon`, {
    output: cause.message,
    hint: 'A file that changes while it is read does that too: run the task again.',
    cause,
  });
}
