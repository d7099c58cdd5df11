import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { stampOf } from './stamp';

/** By path relative to the workspace root: the file's stamp, and the sha256 of what it held then. */
export type KnownDigests = Record<string, [stamp: string, sha256: string]>;

/** sha256 of files. What has its old stamp is not read again: that would take longer than all else that proves a cache. */
export class FileDigests {
  /** Of the files that were asked for. */
  readonly known: KnownDigests = {};
  /** Whether more is known than before. */
  changed = false;
  private readonly asked = new Map<string, string | null>();

  constructor(
    private readonly workspaceRoot: string,
    private readonly before: KnownDigests,
  ) {}

  /** sha256 (hex) of a file's bytes, or null where it cannot be read. Each file is asked once. */
  of(file: string): string | null {
    let digest = this.asked.get(file);
    if (digest === undefined) this.asked.set(file, (digest = this.look(file)));
    return digest;
  }

  private look(file: string): string | null {
    const path = join(this.workspaceRoot, file);
    // Before the file is read: what is written in between gives another stamp.
    const stamp = stampOf(path);
    if (!stamp) return null;
    const before = this.before[file];
    if (before?.[0] === stamp.text) {
      this.known[file] = before;
      return before[1];
    }
    const digest = digestOf(path);
    if (digest !== null && stamp.settled) {
      this.known[file] = [stamp.text, digest];
      this.changed = true;
    }
    return digest;
  }
}

/** sha256 (hex) of a file's bytes, or null where it cannot be read. */
export function digestOf(path: string): string | null {
  try {
    return createHash('sha256').update(readFileSync(path)).digest('hex');
  } catch {
    return null;
  }
}
