import { readFileSync, readdirSync, rmSync } from 'node:fs';
import type { Figure } from './figure';
import type { BenchWorkspace } from './workspace';

/** The largest of Nx's and our Node processes, its daemon included, in a build of everything from nothing. */
export async function memory(workspace: BenchWorkspace): Promise<Figure> {
  await workspace.nx('reset');
  for (const example of ['rust-vitals', 'heartbeat']) {
    rmSync(workspace.path(`examples/${example}/.avocado`), { recursive: true, force: true });
  }
  const peaks = new Map<string, number>();
  const timer = setInterval(() => sample(workspace.root, peaks), 50);
  try {
    await workspace.run('dev:provision');
  } finally {
    clearInterval(timer);
  }
  return {
    ...{ name: 'peak memory of Node, build from nothing', value: Math.max(...peaks.values()), unit: 'MB', runs: 1 },
    floor: { name: 'all its Node processes', value: [...peaks.values()].reduce((sum, peak) => sum + peak, 0) },
    limit: { kind: 'value', at: 300 },
  };
}

/** The peak of each process so far, in MB, by id: of those that run Node on a program of the workspace. */
function sample(root: string, peaks: Map<string, number>): void {
  for (const id of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const [program = '', ...args] = readFileSync(`/proc/${id}/cmdline`, 'utf8').split('\0');
      if (!/(^|\/)node$/.test(program) || !args.some((arg) => arg.startsWith(`${root}/`))) continue;
      const peak = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${id}/status`, 'utf8'))?.[1];
      if (peak !== undefined) peaks.set(id, Number(peak) / 1024);
    } catch {
      // It has ended meanwhile.
    }
  }
}
