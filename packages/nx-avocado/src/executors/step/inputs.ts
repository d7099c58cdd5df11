import { existsSync, lstatSync, readFileSync, readlinkSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TargetConfiguration } from '@nx/devkit';
import { canonicalJson, sha256, verifyManifest, writeFileAtomic } from '@nx-avocado/engine/store';
import type { OutputManifest } from '@nx-avocado/engine/store';
import { filesOf } from './files';

/**
 * What an output was made from: `inputs.json` beside it. In a batch Nx runs everything that follows a task that ran; by
 * this record, what got nothing new from it is kept as it is (DESIGN rule 2). `nx-avocado why` compares it with today's.
 */
export interface Inputs {
  version: 2;
  /** sha256 over all that the output is made from. What it is made of stands below, and is for people. */
  digest: string;
  options: object;
  /** The files that the target declares, by path. Digests of files are cut to 16 digits: they only tell a change. */
  files: Record<string, string>;
  /** The files that each upstream task's manifest names, by the task's id. */
  tasks: Record<string, Record<string, string>>;
  /** What is part of Nx's key of every target, and no part of what one is made from, by name. */
  key: Record<string, string>;
}

/** What a record says of the output beside it: made from other inputs, the same, or the same under another key. */
export type Standing = 'stale' | 'same' | 'same under another key';

const name = 'inputs.json';

/** Files of the workspace that Nx puts into every key. */
const workspaceFiles = ['nx.json', '.gitignore', '.nxignore'];

const short = (digest: string): string => digest.slice(0, 16);

/**
 * @param upstream output directories by task id, relative to the workspace root
 * @returns undefined where it cannot be told: files that the task itself will report, or an upstream output that is not there
 */
export function inputsOf(
  workspaceRoot: string,
  targets: Record<string, TargetConfiguration>,
  target: string,
  options: object,
  upstream: Record<string, string>,
): Inputs | undefined {
  const found = filesOf(workspaceRoot, targets[target] ?? {}, options);
  const manifests = Object.entries(upstream).map(
    ([task, path]) => [task, join(workspaceRoot, path, 'manifest.json')] as const,
  );
  if (!found || !manifests.every(([, path]) => existsSync(path))) return undefined;
  const files = found.map((path): [string, string] => [path, digestOf(join(workspaceRoot, path))]);
  const texts = manifests.map(([task, path]): [string, string] => [task, readFileSync(path, 'utf8')]);
  return {
    version: 2,
    digest: sha256(canonicalJson([options, files, texts])),
    options,
    files: Object.fromEntries(files.map(([path, digest]) => [path, short(digest)])),
    tasks: Object.fromEntries(texts.map(([task, manifest]) => [task, filesIn(manifest)])),
    key: {
      targets: short(sha256(canonicalJson(targets))),
      ...Object.fromEntries(
        workspaceFiles
          .filter((file) => existsSync(join(workspaceRoot, file)))
          .map((file) => [file, short(digestOf(join(workspaceRoot, file)))]),
      ),
    },
  };
}

/** Of a link, which is never followed, where it leads. */
function digestOf(path: string): string {
  const isLink = lstatSync(path).isSymbolicLink();
  return sha256(isLink ? `link to ${readlinkSync(path)}` : readFileSync(path));
}

function filesIn(manifest: string): Record<string, string> {
  const { files } = JSON.parse(manifest) as OutputManifest;
  return Object.fromEntries(Object.entries(files).map(([file, { sha256: digest }]) => [file, short(digest)]));
}

/** Whether the output in place was made from these inputs and is what was written then, every byte of it. */
export async function standing(inputs: Inputs, directory: string, task: string): Promise<Standing> {
  const recorded = await readRecord(directory);
  // No record, no output, or a damaged one: it is made again.
  if (recorded?.digest !== inputs.digest) return 'stale';
  const proved = await verifyManifest(directory, task).catch(() => undefined);
  if (!proved) return 'stale';
  return canonicalJson(recorded.key) === canonicalJson(inputs.key) ? 'same' : 'same under another key';
}

/** @returns undefined where there is none that can be read: of an older release, lost or damaged */
export async function readRecord(directory: string): Promise<Inputs | undefined> {
  try {
    const recorded = JSON.parse(await readFile(join(directory, name), 'utf8')) as Inputs;
    return recorded.version === 2 ? recorded : undefined;
  } catch {
    return undefined;
  }
}

export async function record(inputs: Inputs, directory: string): Promise<void> {
  await writeFileAtomic(join(directory, name), `${canonicalJson(inputs)}\n`);
}
