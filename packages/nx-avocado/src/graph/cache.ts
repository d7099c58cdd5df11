import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ResolvedFile } from './model';

/** Everything that a resolution read. It still holds while all of it is the same. */
export interface Reads {
  /** By path relative to the workspace root: sha256, or null where there was no such file. */
  files: Record<string, string | null>;
  /** By variable: its value, or null where it was not set. */
  env: Record<string, string | null>;
}

/** Raise it whenever `ResolvedFile`, or what resolution puts into it, changes between two releases. */
export const format = 4;

interface Entry {
  /** sha256 over what the caller resolved it with: format, options, release, the list of crates. */
  key: string;
  reads: Reads;
  resolved: ResolvedFile;
}

/**
 * Resolved avocado.yaml files of earlier runs, by what they were made of: parsing one costs milliseconds and loads zod
 * and yaml. A file that does not load is never kept, and a lost or damaged cache costs time alone.
 */
export class ResolvedCache {
  private readonly entries: Record<string, Entry>;
  private readonly variables = new Map<string, string | null>();
  private changed = false;

  constructor(
    private readonly workspaceRoot: string,
    private readonly path = join(workspaceDataDirectory(workspaceRoot), 'nx-avocado.json'),
  ) {
    this.entries = readJson(path) ?? {};
  }

  get(file: string, key: string): ResolvedFile | undefined {
    const entry = this.entries[file];
    if (entry?.key !== key) return undefined;
    const { files, env } = entry.reads;
    const same =
      Object.entries(env).every(([name, value]) => this.variable(name) === value) &&
      Object.entries(files).every(([name, digest]) => digestOf(join(this.workspaceRoot, name)) === digest);
    return same ? entry.resolved : undefined;
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

  /** Old or new, never half; two Nx processes may write at the same time. A failure costs the next run time alone. */
  write(): void {
    if (!this.changed) return;
    try {
      mkdirSync(dirname(this.path), { recursive: true });
      const temporary = `${this.path}.${process.pid}`;
      writeFileSync(temporary, JSON.stringify(this.entries));
      renameSync(temporary, this.path);
    } catch {
      // The workspace may be read-only.
    }
  }
}

/** sha256 (hex) of a file's bytes, or null where it cannot be read. */
export function digestOf(path: string): string | null {
  try {
    // Most of what is not there is a lock, one for each file; an exception costs ten times as much.
    if (!existsSync(path)) return null;
    return createHash('sha256').update(readFileSync(path)).digest('hex');
  } catch {
    return null;
  }
}

/** Nx's own place for what it derives; its public API does not tell it. */
function workspaceDataDirectory(workspaceRoot: string): string {
  const configured = process.env['NX_WORKSPACE_DATA_DIRECTORY'];
  return configured ? join(workspaceRoot, configured) : join(workspaceRoot, '.nx/workspace-data');
}

function readJson(path: string): Record<string, Entry> | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Record<string, Entry>;
  } catch {
    return undefined;
  }
}
