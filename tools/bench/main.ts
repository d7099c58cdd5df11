import { openRoot } from '../../packages/engine/src/feed';
import type { SdkDescriptor } from '../../packages/engine/src/feed';
import { silentReporter } from '../../packages/engine/src/report';
import type { SdkRoot } from '../../packages/engine/src/sdk';
import { boot } from './boot';
import { docker } from './docker';
import { comment, editToDisk, editToImage, overlayToDisk } from './edit';
import { entry } from './entry';
import { table } from './figure';
import type { Row } from './figure';
import { Least } from './least';
import { loop } from './loop';
import { many } from './many';
import { memory } from './memory';
import { mkosi } from './mkosi';
import { noOp } from './no-op';
import { pack } from './pack';
import { packing } from './packing';
import { machine, writeResults } from './results';
import { sandbox } from './sandbox';
import { Scale } from './scale';
import { sdk } from './sdk';
import { warm } from './warm';
import { BenchWorkspace } from './workspace';

const project = 'examples/rust-vitals/.avocado/example-rust/qemux86-64';

type Measure = () => Row | Row[] | Promise<Row | Row[]>;

/** Names of figures to measure, or all; `--write` keeps the results in docs/. */
const words = process.argv.slice(2);
const wanted = words.filter((word) => !word.startsWith('--'));

async function main(): Promise<void> {
  say('packing the plugin and building what the figures need');
  const workspace = new BenchWorkspace();
  let least: Least | undefined;
  try {
    await workspace.run('dev:provision');
    const descriptor = JSON.parse(workspace.read(`${project}/sdk-install/sdk.json`)) as SdkDescriptor;
    const [tools, toolchain] = [await root(descriptor, 'tools'), await root(descriptor, 'toolchain')];
    least = new Least(workspace, tools, toolchain);
    await report(measures(workspace, descriptor, tools, toolchain, least));
  } finally {
    least?.remove();
    await workspace.remove();
  }
}

/** By name; several of one name are measured together. */
function measures(
  workspace: BenchWorkspace,
  descriptor: SdkDescriptor,
  tools: SdkRoot,
  toolchain: SdkRoot,
  least: Least,
): [string, Measure][] {
  return [
    ['no-op', () => noOp(workspace)],
    ['edit', () => editToImage(workspace, least)],
    ['edit', () => editToDisk(workspace, least)],
    ['comment', () => comment(workspace)],
    ['overlay', () => overlayToDisk(workspace, least)],
    ['loop', () => loop(workspace, least)],
    ['many', () => many(workspace)],
    ['packing', () => packing(workspace, tools, toolchain)],
    ['sdk', () => sdk(workspace, descriptor)],
    ['mkosi', () => mkosi(workspace)],
    ['memory', () => memory(workspace)],
    ['pack', () => pack(workspace)],
    ['sandbox', () => sandbox(tools)],
    ['entry', () => entry(workspace)],
    ['boot', () => boot(workspace)],
    ['warm', () => warm(workspace)],
    ['scale', () => withScale(workspace, (scale) => scale.cold())],
    ['scale', () => withScale(workspace, (scale) => scale.warm())],
    ['docker', () => docker(workspace, tools)],
  ];
}

async function report(all: [string, Measure][]): Promise<void> {
  const unknown = wanted.filter((word) => !all.some(([name]) => name === word));
  if (unknown.length > 0) {
    const names = [...new Set(all.map(([name]) => name))];
    throw new Error(`no figure ${unknown.join(', ')}; there are: ${names.join(', ')}`);
  }
  const rows: Row[] = [];
  for (const [name, measure] of all) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    say(name);
    const measured = [await attempt(name, measure)].flat();
    rows.push(...measured);
    // Each as it comes: a run that is interrupted keeps what it has measured.
    say(`\n${table(measured)}`);
  }
  console.log(`${machine()}\n\n${table(rows)}`);
  if (words.includes('--write')) writeResults(rows);
}

/** One that fails must not take the others along. */
async function attempt(name: string, measure: Measure): Promise<Row | Row[]> {
  try {
    return await measure();
  } catch (error) {
    console.error(error);
    process.exitCode = 1;
    return { name, reason: (error instanceof Error ? error.message : String(error)).trim().split('\n').at(-1) ?? '' };
  }
}

async function root({ roots }: SdkDescriptor, name: 'tools' | 'toolchain'): Promise<SdkRoot> {
  const spec = roots[name];
  if (!spec) throw new Error(`the SDK of example-rust has no ${name}`);
  return openRoot(spec, { reporter: silentReporter });
}

async function withScale(workspace: BenchWorkspace, measure: (scale: Scale) => Promise<Row>): Promise<Row> {
  const scale = new Scale(workspace);
  try {
    return await measure(scale);
  } finally {
    scale.remove();
  }
}

function say(text: string): void {
  process.stderr.write(`==> ${text}\n`);
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
