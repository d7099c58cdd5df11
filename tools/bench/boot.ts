import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { repository } from '../../e2e/support/workspace';
import { median } from './figure';
import type { Figure } from './figure';
import { crate } from './workspace';
import type { BenchWorkspace } from './workspace';

/** From QEMU's start to the service's first line of JSON, as the boot test measures it. */
export async function boot(workspace: BenchWorkspace): Promise<Figure> {
  const lines: number[] = [];
  const runs = 5;
  // Of the edits: the service prints at its own interval again.
  cpSync(join(repository, crate, 'src'), workspace.path(`${crate}/src`), { recursive: true });
  await workspace.run('dev:provision');
  for (let i = 0; i < runs; i++) {
    const args = ['run', 'dev:boot-test', '--skipNxCache', '--excludeTaskDependencies'];
    await workspace.nx(...args);
    const report = workspace.read('examples/rust-vitals/.avocado/dev/qemux86-64/boot-test/report.json');
    const { firstLine } = JSON.parse(report) as { firstLine: Record<string, number> };
    lines.push((firstLine['ref-rust.service'] ?? NaN) / 1000);
  }
  return {
    name: 'boot to the first JSON line',
    value: median(lines),
    unit: 's',
    runs,
    limit: { kind: 'value', at: 15 },
  };
}
