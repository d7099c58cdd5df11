import { relative, sep } from 'node:path';
import { digestOf } from './digests';
import type { Reads } from './cache';

/** Files (absolute paths, existing or not) and variables that a resolution read, with what they are now. */
export function recordReads(workspaceRoot: string, files: Iterable<string>, variables: Iterable<string>): Reads {
  return {
    files: Object.fromEntries(
      [...files].map((file) => [relative(workspaceRoot, file).split(sep).join('/'), digestOf(file)]),
    ),
    env: Object.fromEntries([...variables].map((name) => [name, process.env[name] ?? null])),
  };
}

/** Outputs and fetched trees: never part of the workspace, though it may not ignore them. */
export function isGenerated(path: string): boolean {
  return path.split('/').includes('.avocado');
}
