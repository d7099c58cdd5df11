import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { BootReport } from '../qemu';
import { verifyManifest } from '../store';
import type { ReportOptions, TaskContext } from '../task';

export interface BootSummary {
  report: BootReport;
  /** Whether the disk has been made anew since. */
  isOlder: boolean;
}

/** How the last boot test went; undefined where there was none, or its report is not what it wrote. */
export async function readBoot(
  { bootTest, provision }: ReportOptions,
  { workspaceRoot, reporter }: TaskContext,
): Promise<BootSummary | undefined> {
  const directory = join(workspaceRoot, bootTest.path);
  const file = join(directory, 'report.json');
  const made = await stat(file).catch(() => undefined);
  if (!made) return undefined;
  try {
    await verifyManifest(directory, bootTest.task, ['report.json']);
    const report = JSON.parse(await readFile(file, 'utf8')) as BootReport;
    const disk = await stat(join(workspaceRoot, provision.path, 'manifest.json'));
    return { report, isOlder: disk.mtimeMs > made.mtimeMs };
  } catch (error) {
    reporter.warn(`the boot test is left out of the report: ${(error as Error).message}`);
    return undefined;
  }
}
