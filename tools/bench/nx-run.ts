import { spawn } from 'node:child_process';
import { cleanEnvironment, programOf } from '../../e2e/support/nx';
import type { BenchWorkspace } from './workspace';

/** A run of Nx whose output is followed as it comes. */
export class NxRun {
  private readonly nx;
  private readonly ended: Promise<unknown>;
  private said = '';
  private wake: () => void = () => undefined;

  constructor({ root }: BenchWorkspace, args: string[]) {
    this.nx = spawn(process.execPath, [programOf(root), 'run', ...args, '--outputStyle=stream'], {
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
