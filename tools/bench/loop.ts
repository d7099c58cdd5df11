import { replace } from './change';
import { pairs } from './figure';
import type { Figure } from './figure';
import type { Least } from './least';
import { NxRun } from './nx-run';
import { crate } from './workspace';
import type { BenchWorkspace } from './workspace';

const main = `${crate}/src/main.rs`;

/** From a save of main.rs to the new code's line in the journal of a running machine, as `nx run dev:watch` shows it. */
export async function loop(workspace: BenchWorkspace, least: Least): Promise<Figure> {
  await workspace.run('dev:provision');
  const watch = new NxRun(workspace, ['dev:watch']);
  try {
    await watch.line(/ref-rust \| \{/);
    const { value, floor, runs } = await pairs(
      7,
      async (run) => {
        least.edit(run);
        await least.compile();
      },
      async () => {
        const mark = `"save":${Date.now()}`;
        const shown = watch.line(new RegExp(`ref-rust \\| .*${mark}`));
        replace(workspace.path(main), /\{\{("save":\d+,)?/, `{{${mark},`);
        await shown;
      },
    );
    return {
      ...{ name: 'save to the new line of a running machine', value, unit: 'ms', runs },
      floor: { name: 'cargo build', value: floor },
      limit: { kind: 'difference', at: 1500 },
    };
  } finally {
    await watch.end();
  }
}
