import { median } from './figure';
import type { Figure } from './figure';
import { NxRun } from './nx-run';
import type { BenchWorkspace } from './workspace';

/** From the command to the service's first line of JSON, on a machine that goes on from a snapshot. */
export async function warm(workspace: BenchWorkspace): Promise<Figure> {
  const args = ['dev:boot-test', '--warm', '--skipNxCache', '--excludeTaskDependencies'];
  await workspace.run('dev:provision');
  // Makes the snapshot, and the disk.
  await workspace.nx('run', ...args);
  const lines: number[] = [];
  const runs = 5;
  for (let i = 0; i < runs; i++) {
    const start = performance.now();
    const run = new NxRun(workspace, args);
    await run.line(/\{"hostname"/);
    lines.push((performance.now() - start) / 1000);
    await run.end();
  }
  return {
    ...{ name: '--warm: command to the first JSON line', value: median(lines), unit: 's', runs },
    limit: { kind: 'value', at: 3 },
  };
}
