import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { repository } from '../../e2e/support/workspace';
import type { ExtensionAssembleOptions } from '../../packages/engine/src/task';
import type { Figure } from './figure';
import type { BenchWorkspace } from './workspace';

/** Peak memory of Node while it packs 1 GiB, over the same process that packs nothing. */
export async function pack(workspace: BenchWorkspace): Promise<Figure> {
  const options = await assembleOptions(workspace);
  const script = join(repository, 'tools/bench/peak.ts');
  const env = { ...process.env, BENCH_OPTIONS: JSON.stringify({ options }) };
  const peak = (mode: string): number =>
    Number(
      execFileSync(process.execPath, [...process.execArgv, script, workspace.root, mode], { env, encoding: 'utf8' }),
    );
  return {
    ...{ name: 'peak memory of Node, packing 1 GiB', value: peak('pack'), unit: 'MB', runs: 1 },
    floor: { name: 'the same process, packing nothing', value: peak('') },
    limit: { kind: 'value', at: 200 },
  };
}

/** Those of an extension of the examples whose overlay is `tmp/bench-overlay` in the workspace. */
export async function assembleOptions(workspace: BenchWorkspace): Promise<ExtensionAssembleOptions> {
  const { targets } = JSON.parse(await workspace.nx('show', 'project', 'heartbeat-app', '--json')) as {
    targets: Record<string, { options: ExtensionAssembleOptions }>;
  };
  await workspace.run('heartbeat-app:build');
  const base = targets['build']?.options;
  if (!base) throw new Error('heartbeat-app has no build');
  return {
    ...base,
    sourceRoot: 'tmp',
    outputPath: 'tmp/bench-pack',
    section: { ...base.section, overlay: { dir: 'bench-overlay', mode: 'merge', preprocess: false } },
  };
}
