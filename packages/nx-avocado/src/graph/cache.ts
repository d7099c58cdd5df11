import { dataFile, readData, writeData } from './data-file';
import { FileDigests } from './digests';
import type { KnownDigests } from './digests';
import type { ResolvedFile } from './model';
import { packFile, unpackFile } from './shared-slices';

/** Everything that a resolution read. It still holds while all of it is the same. */
export interface Reads {
  /** By path relative to the workspace root: sha256, or null where there was no such file. */
  files: Record<string, string | null>;
  /** By variable: its value, or null where it was not set. */
  env: Record<string, string | null>;
}

/** Raise it whenever `ResolvedFile`, or what resolution puts into it, changes between two releases. */
export const format = 5;

interface Entry {
  /** sha256 over what the caller resolved it with: format, options, release, the list of crates. */
  key: string;
  reads: Reads;
  resolved: ResolvedFile;
}

interface Kept {
  entries: Record<string, Entry>;
  digests: KnownDigests;
}

/**
 * Resolved avocado.yaml files of earlier runs, by what they were made of: parsing one costs milliseconds and loads zod
 * and yaml. A file that does not load is never kept, and a lost or damaged cache costs time alone.
 */
export class ResolvedCache {
  /** Of files below the workspace root. */
  readonly digests: FileDigests;
  private readonly entries: Kept['entries'];
  private readonly variables = new Map<string, string | null>();
  private changed = false;

  constructor(
    workspaceRoot: string,
    private readonly path = dataFile(workspaceRoot, 'nx-avocado.json'),
  ) {
    const { entries = {}, digests = {} } = readData<Partial<Kept>>(path) ?? {};
    this.entries = entries;
    this.digests = new FileDigests(workspaceRoot, digests);
  }

  get(file: string, key: string): ResolvedFile | undefined {
    const entry = this.entries[file];
    if (entry?.key !== key) return undefined;
    const { files, env } = entry.reads;
    for (const name in env) if (this.variable(name) !== env[name]) return undefined;
    for (const name in files) if (this.digests.of(name) !== files[name]) return undefined;
    return unpackFile(entry.resolved);
  }

  /** Of a file that `get` found. */
  readsOf(file: string): Reads {
    return this.entries[file]!.reads;
  }

  /** Each asked for once: to look into the environment takes longer than to read a small file. */
  private variable(name: string): string | null {
    let value = this.variables.get(name);
    if (value === undefined) this.variables.set(name, (value = process.env[name] ?? null));
    return value;
  }

  set(file: string, key: string, resolved: ResolvedFile, reads: Reads): void {
    if (resolved.error !== undefined) {
      delete this.entries[file];
    } else {
      this.entries[file] = { key, reads, resolved };
    }
    this.changed = true;
  }

  write(): void {
    if (!this.changed && !this.digests.changed) return;
    const entries = Object.fromEntries(
      Object.entries(this.entries).map(([file, entry]) => [file, { ...entry, resolved: packFile(entry.resolved) }]),
    );
    writeData(this.path, { entries, digests: this.digests.known } satisfies Kept);
  }
}
