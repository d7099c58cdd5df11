import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { canonicalJson, replaceDirectory, writeManifest } from '../store';
import type { ReportOptions, TaskContext } from '../task';
import { readBoot } from './boot';
import { changesSince } from './changes';
import { collectSummary } from './collect';
import { page } from './page';
import type { TaskTime } from './sections';
import type { RuntimeSummary } from './summary';

/** Names of the outputs. `former.json` is the summary of the last runtime that was another one. */
const names = { page: 'report.html', summary: 'summary.json', former: 'former.json' };

/**
 * Writes what a runtime is made of, how it differs from the one before, how it booted and how long its tasks took, as one
 * page (`report.html`), and what the next report compares itself with.
 * @param times of the tasks that made it, as the caller's record has them
 * @returns the page's absolute path
 * @throws AvocadoError as `collectSummary`
 */
export async function writeReport(
  options: ReportOptions,
  times: readonly TaskTime[],
  context: TaskContext,
): Promise<string> {
  const output = join(context.workspaceRoot, options.outputPath);
  const summary = await collectSummary(options, context);
  const former = await formerSummary(output, summary);
  await replaceDirectory(output, async (directory) => {
    const text = page({
      ...{ summary, times },
      project: options.runtime.task.replace(/:.*$/, ''),
      changes: former && changesSince(former, summary),
      boot: await readBoot(options, context),
    });
    await writeFile(join(directory, names.page), text);
    await writeFile(join(directory, names.summary), `${canonicalJson(summary)}\n`);
    if (former) await writeFile(join(directory, names.former), `${canonicalJson(former)}\n`);
    await writeManifest(directory, [names.page, names.summary, ...(former ? [names.former] : [])]);
  });
  return join(output, names.page);
}

/** The summary that stands there, if it is another runtime's; else the one that it was compared with. */
async function formerSummary(output: string, summary: RuntimeSummary): Promise<RuntimeSummary | undefined> {
  const last = await readSummary(join(output, names.summary));
  return last?.runtime.id === summary.runtime.id ? readSummary(join(output, names.former)) : last;
}

/** @returns undefined where there is none that can be read: there is nothing to compare with then, and no harm in it */
async function readSummary(path: string): Promise<RuntimeSummary | undefined> {
  try {
    const summary = JSON.parse(await readFile(path, 'utf8')) as RuntimeSummary;
    return summary.version === 1 ? summary : undefined;
  } catch {
    return undefined;
  }
}
