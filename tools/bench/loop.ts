import { spawn } from 'node:child_process';
import { cleanEnvironment, programOf } from '../../e2e/support/nx';
import { replace } from './change';
import { pairs } from './figure';
import type { Figure } from './figure';
import type { Least } from './least';
import { crate } from './workspace';
import type { BenchWorkspace } from './workspace';

const main = `${crate}/src/main.rs`;

/** From a save of main.rs to the new code's line in the journal of a running machine, as `nx run dev:watch` shows it. */
export async function loop(workspace: BenchWorkspace, least: Least): Promise<Figure> {
  await workspace.run('dev:provision');
  const watch = new WatchRun(workspace);
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

class WatchRun {
  private readonly nx;
  private readonly ended: Promise<unknown>;
  private said = '';
  private wake: () => void = () => undefined;

  constructor({ root }: BenchWorkspace) {
    this.nx = spawn(process.execPath, [programOf(root), 'run', 'dev:watch', '--outputStyle=stream'], {
      cwd: root,
      env: { ...cleanEnvironment(), NX_DAEMON: 'true', NX_ISOLATE_PLUGINS: 'false', NX_TUI: 'false', NO_COLOR: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.nx.stdout, this.nx.stderr]) {
      stream.on('data', (chunk: Buffer) => ((this.said += String(chunk)), this.wake()));
    }
    this.ended = new Promise((resolve) => this.nx.once('exit', resolve)).then(() => this.wake());
  }

  /** Resolves when a line from now on matches. @throws Error where the run ends before that */
  async line(pattern: RegExp): Promise<void> {
    const from = this.said.length;
    while (!pattern.test(this.said.slice(from))) {
      if (this.nx.exitCode !== null) throw new Error(this.said);
      await new Promise<void>((resolve) => (this.wake = resolve));
    }
  }

  async end(): Promise<void> {
    this.nx.kill('SIGTERM');
    await this.ended;
  }
}
