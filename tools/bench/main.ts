import { execFileSync } from 'node:child_process';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { repository } from '../../e2e/support/workspace';
import { openRoot } from '../../packages/engine/src/feed';
import type { SdkDescriptor } from '../../packages/engine/src/feed';
import { silentReporter } from '../../packages/engine/src/report';
import type { SdkRoot } from '../../packages/engine/src/sdk';
import type { ExtensionAssembleOptions } from '../../packages/engine/src/task';
import { docker } from './docker';
import { entry } from './entry';
import { table } from './figure';
import type { Figure } from './figure';
import { boot, edit, noOp } from './graph';
import { sandbox } from './sandbox';
import { Scale } from './scale';
import { BenchWorkspace } from './workspace';

const project = 'examples/rust-vitals/.avocado/example-rust/qemux86-64';

/** Names of figures to measure, or all. */
const wanted = process.argv.slice(2);

async function main(): Promise<void> {
  say('packing the plugin and building what the figures need');
  const workspace = new BenchWorkspace();
  try {
    await report(workspace);
  } finally {
    await workspace.remove();
  }
}

async function report(workspace: BenchWorkspace): Promise<void> {
  await workspace.run('dev:provision');
  const { roots } = JSON.parse(workspace.read(`${project}/sdk-install/sdk.json`)) as SdkDescriptor;
  const root = (name: 'tools' | 'toolchain'): Promise<SdkRoot> => {
    const spec = roots[name];
    if (!spec) throw new Error(`the SDK of example-rust has no ${name}`);
    return openRoot(spec, { reporter: silentReporter });
  };
  const [tools, toolchain] = [await root('tools'), await root('toolchain')];
  const measures: [string, () => Promise<Figure | Figure[]>][] = [
    ['sandbox', () => sandbox(tools)],
    ['entry', () => Promise.resolve(entry(workspace))],
    ['no-op', () => noOp(workspace)],
    ['edit', () => edit(workspace, tools, toolchain)],
    ['scale', () => withScale(workspace, (scale) => scale.cold())],
    ['scale', () => withScale(workspace, (scale) => scale.warm())],
    ['boot', () => boot(workspace)],
    ['docker', () => docker(workspace, tools)],
    ['pack', () => pack(workspace)],
  ];
  const figures: Figure[] = [];
  for (const [name, measure] of measures) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    say(name);
    const measured = [await measure()].flat();
    figures.push(...measured);
    // Each as it comes: a run that is interrupted keeps what it has measured.
    console.log(table(measured));
  }
  const memory = Math.round(totalmem() / 2 ** 30);
  console.log(`\n${cpus().length} cores (${cpus()[0]?.model ?? '?'}), ${memory} GB, Node ${process.versions.node}\n`);
  console.log(table(figures));
}

async function withScale(workspace: BenchWorkspace, measure: (scale: Scale) => Promise<Figure>): Promise<Figure> {
  const scale = new Scale(workspace);
  try {
    return await measure(scale);
  } finally {
    scale.remove();
  }
}

/** Peak memory of Node while it packs 1 GiB, over the same process that packs nothing. */
async function pack(workspace: BenchWorkspace): Promise<Figure> {
  const { targets } = JSON.parse(await workspace.nx('show', 'project', 'heartbeat-app', '--json')) as {
    targets: Record<string, { options: ExtensionAssembleOptions }>;
  };
  await workspace.run('heartbeat-app:build');
  const base = targets['build']?.options;
  if (!base) throw new Error('heartbeat-app has no build');
  const options: ExtensionAssembleOptions = {
    ...base,
    sourceRoot: 'tmp',
    outputPath: 'tmp/bench-pack',
    section: { ...base.section, overlay: { dir: 'bench-overlay', mode: 'merge', preprocess: false } },
  };
  const peak = (mode: string): number =>
    Number(
      execFileSync(
        process.execPath,
        [...process.execArgv, join(repository, 'tools/bench/pack.ts'), workspace.root, mode],
        {
          env: { ...process.env, BENCH_OPTIONS: JSON.stringify({ options }) },
          encoding: 'utf8',
        },
      ),
    );
  return {
    ...{ name: 'peak memory of Node, packing 1 GiB', value: peak('pack'), unit: 'MB', runs: 1 },
    floor: { name: 'the same process, packing nothing', value: peak('') },
    limit: { kind: 'value', at: 200 },
  };
}

function say(text: string): void {
  process.stderr.write(`==> ${text}\n`);
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
