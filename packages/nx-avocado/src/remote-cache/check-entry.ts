import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { extract } from 'tar-stream';
import type { Extract } from 'tar-stream';
import { Trouble } from './trouble';

/** A file of an entry. */
interface Found {
  sha256: string;
  size: number;
  /** Of manifests and of Nx's own files alone. */
  content?: Buffer;
}

/**
 * Proves that an entry is one that Nx can unpack (it stops the build at any other), and that the outputs in it are what
 * their tasks wrote, by our manifests.
 *
 * An entry is what Nx makes of a task (packages/nx/src/native/cache/http_remote_cache.rs): a tar.gz of its outputs by
 * path below the workspace, `terminalOutput` (UTF-8) and `code` (4 bytes, big endian).
 * @param largest bytes, unpacked
 * @throws Trouble `damaged`, or what `packed` throws
 */
export async function checkEntry(packed: AsyncIterable<Buffer>, largest: number): Promise<void> {
  // Nx writes headers of the oldest form, without a magic number, for its own two files; the types do not know it.
  const entries = extract({ allowUnknownFormat: true } as object);
  const [unpacking, reading] = await Promise.allSettled([
    pipeline(packed, createGunzip(), entries),
    readFiles(entries, largest),
  ]);
  // The one is often no more than a consequence of the other.
  const { reason } = [reading, unpacking].find(isOwn) ?? [unpacking, reading].find(isRejected) ?? {};
  if (reason !== undefined)
    throw reason instanceof Trouble ? reason : damaged((reason as Error).message.replace(/\.$/, ''));
  checkFiles((reading as PromiseFulfilledResult<Map<string, Found>>).value);
}

const isRejected = (result: PromiseSettledResult<unknown>): result is PromiseRejectedResult =>
  result.status === 'rejected';

const isOwn = (result: PromiseSettledResult<unknown>): result is PromiseRejectedResult =>
  isRejected(result) && result.reason instanceof Trouble;

const damaged = (what: string): Trouble => new Trouble('damaged', what);

/** Paths are those that Nx can write as they come: inside the output, no file twice, nothing below a file or a link. */
async function readFiles(entries: Extract, largest: number): Promise<Map<string, Found>> {
  const files = new Map<string, Found>();
  const others = new Map<string, 'directory' | 'symlink'>();
  let total = 0;
  for await (const entry of entries) {
    const path = posix.normalize(entry.header.name).replace(/\/$/, '');
    const { type, size = 0 } = entry.header;
    if (path.split('/')[0] === '..' || posix.isAbsolute(path)) throw damaged(`it has a path out of itself: ${path}`);
    if (files.has(path) || others.get(path) === 'symlink' || (others.has(path) && type !== 'directory')) {
      throw damaged(`it has ${path} twice`);
    }
    if (ancestors(path).some((above) => files.has(above) || others.get(above) === 'symlink')) {
      throw damaged(`it has ${path} below something that is no directory`);
    }
    if ((total += size) > largest) throw damaged(`it unpacks to more than ${largest} bytes`);
    if (type === 'file') files.set(path, await readFile(path, entry as AsyncIterable<Buffer>));
    else if (type === 'directory' || type === 'symlink') others.set(path, type);
    else throw damaged(`${path} is no file, directory or link (${type ?? 'of an unknown kind'})`);
    entry.resume();
  }
  return files;
}

/** `a/b/c`: `a/b` and `a`. */
function ancestors(path: string): string[] {
  const above = posix.dirname(path);
  return above === '.' || above === '/' ? [] : [above, ...ancestors(above)];
}

async function readFile(path: string, bytes: AsyncIterable<Buffer>): Promise<Found> {
  const hash = createHash('sha256');
  const parts: Buffer[] = [];
  let size = 0;
  for await (const chunk of bytes) {
    hash.update(chunk);
    size += chunk.length;
    if (isManifest(path) || path === 'code' || path === 'terminalOutput') parts.push(chunk);
  }
  return { sha256: hash.digest('hex'), size, ...(parts.length > 0 && { content: Buffer.concat(parts) }) };
}

/** Of a task of ours: `app/.avocado/app/qemux86-64/build/manifest.json`. */
const isManifest = (path: string): boolean => /(^|\/)\.avocado\/[^/]+\/[^/]+\/[^/]+\/manifest\.json$/.test(path);

function checkFiles(files: Map<string, Found>): void {
  if (files.get('code')?.size !== 4) throw damaged('it has no exit code');
  const output = files.get('terminalOutput')?.content;
  if (output && !Buffer.from(output.toString('utf8')).equals(output)) throw damaged('its terminal output is no UTF-8');
  for (const [path, { content }] of files) {
    if (!isManifest(path)) continue;
    for (const [name, { sha256, size }] of listed(path, content)) {
      const file = posix.join(posix.dirname(path), name);
      const found = files.get(file);
      if (found?.sha256 !== sha256 || found.size !== size) throw damaged(`${file} is not what its task wrote`);
    }
  }
}

function listed(path: string, content?: Buffer): [string, { sha256: string; size: number }][] {
  try {
    const { files } = JSON.parse(content?.toString('utf8') ?? '') as { files: Record<string, Found> };
    return Object.entries(files);
  } catch {
    throw damaged(`${path} is no manifest`);
  }
}
