import { existsSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TargetConfiguration } from '@nx/devkit';
import { canonicalJson, sha256, verifyManifest, writeFileAtomic } from '@nx-avocado/engine/store';
import { globSync } from 'tinyglobby';

/**
 * What an output was made from, as sha256: `inputs.json` beside it. In a batch Nx runs everything that follows a task
 * that ran; by this record, what got nothing new from it is kept as it is (DESIGN rule 2).
 */
export interface Inputs {
  version: 1;
  options: string;
  /** Over the paths and contents of the files that the target declares. */
  files: string;
  /** The manifest of each upstream task, by its id. */
  tasks: Record<string, string>;
  /** Over all targets of the project: part of Nx's key of each of them, and no part of what one is made from. */
  project: string;
}

/** What a record says of the output beside it: made from other inputs, the same, or the same under another key. */
export type Standing = 'stale' | 'same' | 'same under another key';

const name = 'inputs.json';

/**
 * @param upstream output directories by task id, relative to the workspace root
 * @returns undefined where it cannot be told cheaply: a target that reads a whole source tree but for some of it, or an
 * upstream output that is not there, which the task itself reports
 */
export function inputsOf(
  workspaceRoot: string,
  targets: Record<string, TargetConfiguration>,
  target: string,
  options: object,
  upstream: Record<string, string>,
): Inputs | undefined {
  const filesets = (targets[target]?.inputs ?? []).flatMap((input) => {
    const fileset = typeof input === 'object' && 'fileset' in input ? input.fileset : input;
    return typeof fileset === 'string' ? [fileset] : [];
  });
  if (filesets.some((fileset) => fileset.startsWith('!'))) return undefined;
  const globs = filesets.map((fileset) => fileset.replace('{workspaceRoot}/', ''));
  const found =
    globs.length === 0 ? [] : globSync(globs, { cwd: workspaceRoot, dot: true, followSymbolicLinks: false });
  const read = (path: string): string => sha256(readFileSync(join(workspaceRoot, path)));
  const manifests = Object.entries(upstream).map(([task, path]) => [task, join(path, 'manifest.json')] as const);
  if (!manifests.every(([, path]) => existsSync(join(workspaceRoot, path)))) return undefined;
  return {
    version: 1,
    options: sha256(canonicalJson(options)),
    files: sha256(
      found
        .sort()
        .map((path) => `${path}\0${read(path)}\n`)
        .join(''),
    ),
    tasks: Object.fromEntries(manifests.map(([task, path]) => [task, read(path)])),
    project: sha256(canonicalJson(targets)),
  };
}

/** Whether the output in place was made from these inputs and is what was written then, every byte of it. */
export async function standing(inputs: Inputs, directory: string, task: string): Promise<Standing> {
  try {
    const recorded = JSON.parse(await readFile(join(directory, name), 'utf8')) as Inputs;
    if (text({ ...recorded, project: inputs.project }) !== text(inputs)) return 'stale';
    await verifyManifest(directory, task);
    return recorded.project === inputs.project ? 'same' : 'same under another key';
  } catch {
    // No record, no output, or a damaged one: it is made again.
    return 'stale';
  }
}

export async function record(inputs: Inputs, directory: string): Promise<void> {
  await writeFileAtomic(join(directory, name), text(inputs));
}

const text = (inputs: Inputs): string => `${canonicalJson(inputs)}\n`;
