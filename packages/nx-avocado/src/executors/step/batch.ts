import { setMaxListeners } from 'node:events';
import type { ExecutorContext, TaskGraph } from '@nx/devkit';
import { explained, formatError } from '@nx-avocado/engine/error';
import { idsOf } from '../../graph/ids';
import { dropDamagedOn } from '../../cache/entries';
import { abortOnSignals, taskContext } from '../context';
import { relayWarnings } from '../../remote-cache/hooks';
import { lineReporter, taskReporter } from '../reporter';
import { make, nameOf, targetsOf } from './make';
import { schedule } from './schedule';
import type { StepOptions } from './steps';
import { sweepOutputs } from './sweep';

/** Nx's result of a task in a batch; `status` says more than `success` where the two differ. */
interface TaskResult {
  success: boolean;
  terminalOutput: string;
  startTime: number;
  endTime: number;
  status?: 'local-cache-kept-existing' | 'skipped';
}

type Outcome = Pick<TaskResult, 'success' | 'terminalOutput' | 'status'>;

const skipped: Outcome = { success: false, terminalOutput: '', status: 'skipped' };

/**
 * All steps that Nx found nothing for in its cache, in one process: a process for each would cost more than most steps.
 * Nx hands over everything that follows a task that has to run, too; `inputs.json` tells what may stay as it is.
 */
export default async function* runSteps(
  { tasks, dependencies }: TaskGraph,
  options: Record<string, StepOptions>,
  _overrides: unknown,
  context: ExecutorContext,
): AsyncGenerator<{ task: string; result: TaskResult }> {
  const abort = abortOnSignals();
  setMaxListeners(0, abort.signal);
  const here = Object.fromEntries(
    Object.keys(tasks).map((id) => [id, idsOf(dependencies[id]).filter((other) => other in tasks)]),
  );
  // Nx looked these up and found nothing. The others it could not look up yet; it has them if their key is as it was.
  const isMissed = (id: string): boolean =>
    here[id]?.length === 0 || !targetsOf(id, context)[nameOf(id, context)]?.inputs?.some(isUpstreamOutput);
  const run = async (id: string): Promise<Outcome> => {
    const { reporter, said } = taskReporter(id, process.stdout);
    try {
      const found = await make(id, options[id]!, context, taskContext(context, reporter, abort.signal));
      // Nx stores nothing then.
      const kept = found === 'same' && !isMissed(id) && ({ status: 'local-cache-kept-existing' } as const);
      return { success: true, terminalOutput: said(), ...kept };
    } catch (error) {
      await dropDamagedOn(error, context);
      return { success: false, terminalOutput: `${said()}\n${formatError(explained(error))}\n` };
    }
  };
  try {
    await sweepOutputs(context.root, context.taskGraph ?? { tasks });
    for await (const { task, outcome, ...times } of schedule(here, parallelism(context), run)) {
      yield { task, result: { ...(outcome ?? skipped), ...times } };
    }
  } finally {
    const { warn } = lineReporter(process.stderr);
    (await relayWarnings()).forEach(warn);
    abort.release();
  }
}

function isUpstreamOutput(input: string | object): boolean {
  return typeof input === 'object' && 'dependentTasksOutputFiles' in input;
}

/** As many as Nx runs processes; a batch is not told what the command line said. */
function parallelism({ nxJsonConfiguration }: ExecutorContext): number {
  const wanted = Number(process.env['NX_PARALLEL'] ?? nxJsonConfiguration?.parallel ?? 3);
  return wanted >= 1 ? wanted : 1;
}
