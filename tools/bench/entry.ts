import { execFileSync } from 'node:child_process';
import { median } from './figure';
import type { Figure } from './figure';
import type { BenchWorkspace } from './workspace';

/** What every start of nx pays: loading the packed plugin's entry in a process that has loaded nothing else. */
export function entry({ root }: BenchWorkspace): Figure {
  const load = "const start = performance.now(); require('nx-avocado'); console.log(performance.now() - start);";
  const runs = 21;
  const values = Array.from({ length: runs + 1 }, () =>
    Number(execFileSync(process.execPath, ['-e', load], { cwd: root, encoding: 'utf8' })),
  );
  // The first reads the files from disk.
  return {
    name: 'plugin entry load',
    value: median(values.slice(1)),
    unit: 'ms',
    runs,
    limit: { kind: 'value', at: 30 },
  };
}
