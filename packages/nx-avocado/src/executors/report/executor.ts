import { relative } from 'node:path';
import type { ExecutorContext } from '@nx/devkit';
import { writeReport } from '@nx-avocado/engine/image-report';
import type { ReportOptions } from '@nx-avocado/engine/task';
import { engineOptions, runTask } from '../context';
import type { Keyed } from '../context';
import { taskTimes } from './times';

/** Writes the report of a runtime. */
export default function reportExecutor(
  options: ReportOptions & Keyed,
  context: ExecutorContext,
): Promise<{ success: boolean }> {
  return runTask(context, async (task) => {
    const { projectName, targetName, configurationName } = context;
    const own = [projectName, targetName, configurationName].filter((part) => part !== undefined).join(':');
    const times = await taskTimes(context.taskGraph ?? { tasks: {} }, own);
    const page = await writeReport(engineOptions(options), times, task);
    task.reporter.info(`report: ${relative(task.workspaceRoot, page)}`);
  });
}
