import { copyFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceDirectory, writeManifest } from '../store';
import { readBootChart } from './boot-chart';
import type { CheckState } from './checks';
import { junit } from './junit';
import type { BootPhases } from './phases';
import type { Vm } from './vm';

/** `report.json`: how a boot test went. Times are milliseconds; none is a date. */
export interface BootReport {
  version: 1;
  machine: string;
  boot: 'kernel' | 'firmware';
  accelerator: 'kvm' | 'tcg';
  phases: BootPhases;
  /** By unit: from QEMU's start to the first journal line that a check asked for. */
  firstLine: Record<string, number>;
  /** From QEMU's start to the end of the last check. */
  took: number;
  checks: CheckState[];
  /** Why it failed. */
  failure?: string;
}

/** Milliseconds that a guest gets for its whole journal. */
const journalLimit = 20_000;

/** Writes the output of a test that passed; what the last one that failed left is gone then. */
export async function writeReport(output: string, name: string, report: BootReport): Promise<void> {
  await replaceDirectory(output, async (directory) => {
    const files = reportFiles(name, report);
    for (const [file, text] of Object.entries(files)) await writeFile(join(directory, file), text);
    await writeManifest(directory, Object.keys(files));
  });
  await rm(failureDirectory(output), { recursive: true, force: true });
}

/** Where a test that fails leaves what it saw: beside the output, which stays as the last pass wrote it. */
export function failureDirectory(output: string): string {
  return `${output}-failed`;
}

/** What only the guest can tell, by file; what it does not answer is left out. Never throws. */
export async function askForArtifacts(vm: Vm, name: string): Promise<Record<string, string>> {
  if (!vm.observer.alive) return {};
  const journal = vm.observer.run('journalctl -b -o short-monotonic --no-pager -q', journalLimit);
  const [lines, chart] = await Promise.all([
    journal.then(({ output }) => output).catch(() => undefined),
    readBootChart(vm, name).catch(() => undefined),
  ]);
  return { ...(lines && { 'journal.txt': lines }), ...(chart && { 'boot-chart.svg': chart }) };
}

/** Writes what is left of a test that failed, the console's record too. */
export async function keepFailure(
  failed: string,
  {
    name,
    report,
    artifacts,
    log,
  }: { name: string; report: BootReport; artifacts: Record<string, string>; log: string },
): Promise<void> {
  await replaceDirectory(failed, async (directory) => {
    await mkdir(directory, { recursive: true });
    for (const [file, text] of Object.entries({ ...reportFiles(name, report), ...artifacts })) {
      await writeFile(join(directory, file), text);
    }
    await copyFile(log, join(directory, 'console.log'));
  });
}

function reportFiles(name: string, report: BootReport): Record<string, string> {
  return { 'report.json': `${JSON.stringify(report, null, 2)}\n`, 'junit.xml': junit(name, report) };
}
