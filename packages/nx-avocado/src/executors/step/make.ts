import { join } from 'node:path';
import type { ExecutorContext } from '@nx/devkit';
import { sha256, storePath, withLock } from '@nx-avocado/engine/store';
import type { TaskContext } from '@nx-avocado/engine/task';
import { engineOptions } from '../context';
import { idsOf } from '../../graph/ids';
import { compiles } from './files';
import { inputsOf, record, standing } from './inputs';
import type { Inputs, Standing } from './inputs';
import { work } from './steps';
import type { StepOptions } from './steps';

/** The parts of Nx's context that tell what a task reads. */
export type StepContext = Pick<ExecutorContext, 'root' | 'taskGraph' | 'projectsConfigurations'>;

/**
 * Makes a task's output, unless the one in place is made from the same (with `--skip-nx-cache` it always makes it).
 * @returns what the output in place was before
 */
export async function make(
  id: string,
  options: StepOptions,
  context: StepContext,
  task: TaskContext,
): Promise<Standing> {
  const { outputPath } = options;
  const run = (): Promise<unknown> => {
    const { step, ...rest } = options;
    return work({ step, ...engineOptions(rest) }, task);
  };
  // A file where the user wants it is written each time that somebody asks for it.
  if (outputPath === undefined) {
    await run();
    return 'stale';
  }
  const directory = join(context.root, outputPath);
  const inputs = readInputs(id, context, options);
  const skips = process.env['NX_SKIP_NX_CACHE'] === 'true';
  // The SDK's programs write to a card or a board: that is done each time that somebody asks for it.
  const flashes =
    options.step === 'provision' && !['img', undefined].includes((options as { profile?: string }).profile);
  // What a compiler does again is its own business: it knows best.
  const look = async (): Promise<Standing> =>
    inputs && !skips && !flashes && !compiles(options) ? standing(inputs, directory, id) : 'stale';
  const keep = async (found: Standing): Promise<Standing> => {
    if (inputs && found !== 'same') await record(inputs, directory);
    return found;
  };
  const before = await look();
  if (before !== 'stale') return keep(before);
  const lock = storePath('locks', `output-${sha256(directory).slice(0, 24)}`);
  const remake = async (): Promise<Standing> => {
    // Another run on this workspace may have made it meanwhile.
    const found = await look();
    if (found === 'stale') await run();
    return keep(found);
  };
  return withLock(lock, remake, () => task.reporter.info(`Waiting for another run that makes ${id}`));
}

function readInputs(id: string, context: StepContext, options: StepOptions): Inputs | undefined {
  const { root, taskGraph } = context;
  if (!taskGraph?.tasks[id]) return undefined;
  const upstream = idsOf(taskGraph.dependencies[id]).flatMap((other) => {
    const { target, outputs } = taskGraph.tasks[other]!;
    return target.target === 'config' ? [] : outputs.map((output): [string, string] => [other, output]);
  });
  return inputsOf(root, targetsOf(id, context), nameOf(id, context), options, Object.fromEntries(upstream));
}

export const nameOf = (id: string, { taskGraph }: StepContext): string => taskGraph!.tasks[id]!.target.target;

export function targetsOf(id: string, { taskGraph, projectsConfigurations }: StepContext) {
  return projectsConfigurations.projects[taskGraph!.tasks[id]!.target.project]?.targets ?? {};
}
