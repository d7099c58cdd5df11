import { createReadStream } from 'node:fs';
import { text } from 'node:stream/consumers';
import { extract } from 'tar-stream';
import type { Extract } from 'tar-stream';
import type { BaseEntry } from './tree';

/** A file's content and its header. */
export type TarEntry = Extract extends AsyncIterable<infer Entry> ? Entry : never;

/** What an image's plan needs to know of the packages' tree. */
export interface Base {
  /** By path relative to the root, without `./` before or `/` after it. */
  entries: Map<string, BaseEntry>;
  /** The files asked for that are there. */
  texts: Map<string, string>;
}

/** The entries of a root's tar, in their order, with clean paths; the caller must consume or `resume` each. */
export async function* tarEntries(tar: string): AsyncGenerator<{ path: string; entry: TarEntry }> {
  const source = createReadStream(tar);
  const entries = extract();
  // `pipe` hands no errors on; a file that cannot be read must not look like a short archive.
  source.on('error', (error) => entries.destroy(error));
  source.pipe(entries);
  for await (const entry of entries) {
    yield { path: entry.header.name.replace(/^\.\//, '').replace(/\/+$/, ''), entry };
  }
}

/** One pass over a root's tar. */
export async function readBase(tar: string, wanted: readonly string[]): Promise<Base> {
  const base: Base = { entries: new Map(), texts: new Map() };
  for await (const { path, entry } of tarEntries(tar)) {
    const { type, linkname } = entry.header;
    base.entries.set(path, { type, ...(linkname ? { linkname } : {}) });
    if (type === 'file' && wanted.includes(path)) base.texts.set(path, await text(entry));
    else entry.resume();
  }
  return base;
}
