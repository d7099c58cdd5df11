import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** A file of ours in Nx's own place for what it derives, which its public API does not tell. */
export function dataFile(workspaceRoot: string, name: string): string {
  const configured = process.env['NX_WORKSPACE_DATA_DIRECTORY'];
  return join(workspaceRoot, configured || '.nx/workspace-data', name);
}

/** Nothing where it is missing or damaged: what is in it can be made again. */
export function readData<T>(path: string): T | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as T;
  } catch {
    return undefined;
  }
}

/** Old or new, never half; two Nx processes may write at the same time. A failure costs the next run time alone. */
export function writeData(path: string, value: unknown): void {
  try {
    mkdirSync(dirname(path), { recursive: true });
    const temporary = `${path}.${process.pid}`;
    writeFileSync(temporary, JSON.stringify(value));
    renameSync(temporary, path);
  } catch {
    // The workspace may be read-only.
  }
}
