import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AvocadoError } from '@nx-avocado/engine/error';
import type { SdkDescriptor } from '@nx-avocado/engine/feed';
import { movedPins } from '@nx-avocado/engine/lock';
import { verifyManifest } from '@nx-avocado/engine/store';
import type { SdkInstallOptions } from '@nx-avocado/engine/task';
import { inputsOf, readRecord } from '../executors/step/inputs';
import type { ChainTask, Projects } from './chain';
import { changes, keyChanges } from './compare';
import type { Change } from './compare';

/**
 * - `same`: the output in place was made from what is there now
 * - `changed`: from something else, `changes` says what
 * - `missing`, `damaged`: there is no output, or not the one that was written; `problem` says which file
 * - `unrecorded`: an output that says nothing of what it was made from (an older release's, Nx 22 and 23, a boot test)
 */
export type State = 'same' | 'changed' | 'missing' | 'damaged' | 'unrecorded';

/** The answer for one task. */
export interface Answer {
  task: string;
  state: State;
  changes: Change[];
  problem?: string;
  /** Upstream tasks that may give something else when they run, and with it this task. */
  follows: string[];
  /** Whether Nx's cache has an entry for what is there now; absent where nobody can tell before `follows` have run. */
  cached?: boolean;
}

/** Compares each task of a chain, upstream first, with what its output in place was made from. */
export async function explain(chain: ChainTask[], projects: Projects, workspaceRoot: string): Promise<Answer[]> {
  const paths = Object.fromEntries(chain.map(({ id, options }) => [id, options.outputPath!]));
  const answers = new Map<string, Answer>();
  for (const task of chain) {
    const follows = task.upstream.filter((id) => {
      const before = answers.get(id);
      return before?.state !== 'same' || before.follows.length > 0;
    });
    const found = await compareTask(task, paths, projects, workspaceRoot);
    answers.set(task.id, { task: task.id, ...found, follows });
  }
  return [...answers.values()];
}

async function compareTask(
  task: ChainTask,
  paths: Record<string, string>,
  projects: Projects,
  workspaceRoot: string,
): Promise<Pick<Answer, 'state' | 'changes' | 'problem'>> {
  const directory = join(workspaceRoot, paths[task.id]!);
  const targets = projects[task.project]?.targets ?? {};
  const upstream = Object.fromEntries(task.upstream.map((id) => [id, paths[id]!]));
  const recorded = await readRecord(directory);
  const now = inputsOf(workspaceRoot, targets, task.target, task.options, upstream);
  const found = recorded && now ? changes(recorded, now) : [];
  const all = task.options['step'] === 'sdk-install' ? await withPins(found, task, workspaceRoot) : found;
  try {
    await verifyManifest(directory, task.id);
  } catch (error) {
    if (!(error instanceof AvocadoError)) throw error;
    const state = existsSync(join(directory, 'manifest.json')) ? 'damaged' : 'missing';
    return { state, changes: all, problem: error.message };
  }
  if (!recorded) return { state: 'unrecorded', changes: [] };
  // What cannot be told now is an upstream output that is not there, or sources that do not load.
  if (!now) return { state: 'changed', changes: [], problem: unknowable(upstream, workspaceRoot) };
  if (all.length > 0) return { state: 'changed', changes: all };
  return { state: 'same', changes: keyChanges(recorded, now) };
}

function unknowable(upstream: Record<string, string>, workspaceRoot: string): string {
  const gone = Object.keys(upstream).filter((id) => !existsSync(join(workspaceRoot, upstream[id]!, 'manifest.json')));
  return gone.length > 0 ? `the output of ${gone.join(', ')} is not there` : 'its files cannot be told: run it';
}

/** In the place of the lock's digest, the packages whose pins moved. */
async function withPins(found: Change[], task: ChainTask, workspaceRoot: string): Promise<Change[]> {
  if (!found.some((change) => change.kind === 'option' && change.path === 'lockDigest')) return found;
  const text = await readFile(join(workspaceRoot, task.options.outputPath!, 'sdk.json'), 'utf8').catch(() => undefined);
  if (text === undefined) return found;
  const options = task.options as unknown as SdkInstallOptions;
  const moved = (await movedPins(options, JSON.parse(text) as SdkDescriptor, workspaceRoot)) ?? [];
  if (moved.length === 0) return found;
  return [
    ...found.filter((change) => !(change.kind === 'option' && change.path === 'lockDigest')),
    ...moved.map((pin): Change => ({ kind: 'package', ...pin })),
  ];
}
