import { pairs } from './figure';
import type { Figure } from './figure';
import { floorTarget } from './workspace';
import type { BenchWorkspace } from './workspace';

/** `dev:provision` when nothing changed, daemon on. */
export async function noOp(workspace: BenchWorkspace): Promise<Figure> {
  await workspace.run('dev:provision');
  const { value, floor, runs } = await pairs(
    7,
    () => workspace.run(floorTarget),
    () => workspace.run('dev:provision'),
  );
  return {
    ...{ name: 'no-op dev:provision', value, unit: 'ms', runs },
    floor: { name: 'trivial cached target', value: floor },
    limit: { kind: 'ratio', at: 1.15 },
  };
}
