import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { TestDocker } from '../../e2e/support/docker';
import { silentReporter } from '../../packages/engine/src/report';
import { createDockerRunner } from '../../packages/engine/src/sdk';
import type { SdkRoot } from '../../packages/engine/src/sdk';
import { median, time } from './figure';
import type { Figure } from './figure';
import type { BenchWorkspace } from './workspace';

/** Containers that upstream's CLI starts for a build of which nothing changed. */
const upstreamStarts = 44;

/** What the runner docker costs, on the daemon of this machine or one that is started for it. */
export async function docker(workspace: BenchWorkspace, tools: SdkRoot): Promise<Figure[]> {
  const daemon = new TestDocker();
  try {
    return [await exec(daemon, tools), ...(await starts(daemon, workspace)), await upstream(daemon)];
  } finally {
    daemon.stop();
  }
}

/** A command in a warm container over a bare `docker exec` of the same command in the same container. */
async function exec(daemon: TestDocker, root: SdkRoot): Promise<Figure> {
  const runner = createDockerRunner();
  const ours = (): Promise<unknown> => runner.run({ root, argv: ['true'], label: 'true' }, silentReporter);
  // The first makes the container.
  await ours();
  const [id = ''] = daemon.containers();
  const [bare, inside]: [number[], number[]] = [[], []];
  const runs = 31;
  for (let i = 0; i < runs; i++) {
    bare.push(await time(() => promisify(execFile)('docker', ['exec', id, 'true'])));
    inside.push(await time(ours));
  }
  return {
    ...{ name: 'a command in a warm container', value: median(inside), unit: 'ms', runs },
    floor: { name: 'docker exec', value: median(bare) },
    limit: { kind: 'ratio', at: 1.3 },
  };
}

/** Containers that a build starts: when nothing changed, and after an edit of main.rs. */
async function starts(daemon: TestDocker, workspace: BenchWorkspace): Promise<Figure[]> {
  const nx = workspace.read('nx.json');
  workspace.write('nx.json', nx.replace('"sandbox"', '"docker"'));
  try {
    await workspace.run('dev:provision');
    const unchanged = await daemon.starts(() => workspace.run('dev:provision'));
    const main = 'examples/rust-vitals/ref-rust/src/main.rs';
    const text = workspace.read(main);
    workspace.write(main, text.replace(/from_secs\(\d+\)/, `from_secs(${Date.now() % 1_000_000_000})`));
    const edited = await daemon.starts(() => workspace.run('dev:provision'));
    workspace.write(main, text);
    const row = (name: string, value: number, at: number): Figure => ({
      ...{ name: `containers started: ${name}`, value, unit: '', runs: 1, limit: { kind: 'value', at } },
    });
    return [row('no-op dev:provision', unchanged, 0), row('main.rs to disk', edited, 1)];
  } finally {
    workspace.write('nx.json', nx);
  }
}

/** Upstream's way beside it: a container for each step. The floor is what the same programs cost without. */
async function upstream(daemon: TestDocker): Promise<Figure> {
  const image = daemon.docker('images', '--quiet', '--no-trunc', 'nx-avocado/root').split('\n')[0] ?? '';
  // The shell of the root is bound from the store: the machine's own /usr stands in.
  const args = ['run', '--rm', '--network=none', '--volume=/usr:/usr:ro', image, '/usr/bin/true'];
  const once = (): Promise<unknown> => promisify(execFile)('docker', args, { env: process.env });
  const each: number[] = [];
  for (let i = 0; i < 11; i++) each.push(await time(once));
  return {
    ...{
      name: `upstream's way: ${upstreamStarts} starts`,
      value: (median(each) * upstreamStarts) / 1000,
      unit: 's',
      runs: 11,
    },
  };
}
