import { EventEmitter, once } from 'node:events';
import { PassThrough } from 'node:stream';
import type { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { fixedEnvironment } from '../bubblewrap';
import { hostNetwork } from '../network';
import type { SdkCommand, SdkProcess, SdkStdio, SdkTerminal } from '../types';
import { withChannels } from './channel';
import type { ExecChannel } from './channel';
import type { Connection } from './connect';
import type { Container } from './container';
import { ownershipCommand } from './ownership';
import { containerInputs, environmentList } from './plan';
import type { Pool } from './pool';

/** Milliseconds in which what a command said last has come through its channels. */
const lastWords = 2000;

/** A long-running command in a container of its own, which ends with it, and with this process. */
export function spawnInContainer(
  daemon: { connection: Connection; pool: Pool },
  command: SdkCommand,
  stdio: SdkStdio,
): SdkProcess {
  const running = new ContainerProcess(stdio);
  void running.start(daemon, command);
  return running;
}

class ContainerProcess extends EventEmitter implements SdkProcess {
  readonly stdin: PassThrough | null;
  readonly stdout: PassThrough | null;
  readonly stderr: PassThrough | null;
  private container?: Container;
  private killed = false;
  private started: (channels: Map<string, ExecChannel>) => void = () => undefined;
  private readonly channels = new Promise<Map<string, ExecChannel>>((resolve) => (this.started = resolve));

  constructor(private readonly stdio: SdkStdio) {
    super();
    const pipe = (): PassThrough | null => (stdio === 'pipe' ? new PassThrough() : null);
    [this.stdin, this.stdout, this.stderr] = [pipe(), pipe(), pipe()];
  }

  async start({ connection, pool }: { connection: Connection; pool: Pool }, command: SdkCommand): Promise<void> {
    const abort = (): void => this.kill('SIGTERM');
    command.signal?.addEventListener('abort', abort);
    try {
      const { mounts, env } = containerInputs(command, command.network ? hostNetwork() : undefined);
      const lease = await pool.alone(command, mounts);
      const { container } = lease;
      this.container = container;
      try {
        const code = await lease.within(async () => {
          if (this.killed) return undefined;
          const ended = await this.execute(command, { ...fixedEnvironment, ...env });
          const own = lease.bound ? await ownershipCommand(connection, mounts) : undefined;
          if (own && container.isAlive) await container.exec(own, { env: environmentList(fixedEnvironment) });
          return ended;
        });
        for (const output of [this.stdout, this.stderr]) await finished(output);
        this.emit('close', this.killed ? null : (code ?? null));
      } finally {
        lease.release(false);
      }
    } catch (error) {
      await this.container?.kill();
      // Whoever killed it knows why nothing came of it.
      if (this.killed) this.emit('close', null);
      else this.emit('error', error);
    } finally {
      command.signal?.removeEventListener('abort', abort);
    }
  }

  async connection(name: string): Promise<Duplex> {
    const found = (await this.channels).get(name);
    return found ?? new Promise(() => undefined);
  }

  kill(signal: 'SIGTERM' | 'SIGKILL'): void {
    if (signal === 'SIGTERM') return void this.container?.terminate();
    this.killed = true;
    void this.container?.kill();
  }

  /** With its channels, which end after it. */
  private async execute(command: SdkCommand, env: Record<string, string>): Promise<number | undefined> {
    const container = this.container as Container;
    const names = command.channels ?? [];
    if (names.length === 0) return this.run(command, env);
    const opened = await Promise.all(names.map(() => container.channel()));
    const connections = opened.map(({ connection }) => connection);
    const closed = Promise.all(connections.map((one) => new Promise((resolve) => one.once('close', resolve))));
    const argv = withChannels(
      command.argv,
      opened.map(({ holder }) => holder),
    );
    this.started(new Map(names.map((name, index) => [name, connections[index] as ExecChannel])));
    const code = await this.run({ ...command, argv }, env);
    await container.killAll();
    await Promise.race([closed, delay(lastWords, undefined, { ref: false })]);
    return code;
  }

  private async run({ argv, cwd }: SdkCommand, env: Record<string, string>): Promise<number | undefined> {
    const container = this.container as Container;
    const options = { env: environmentList(env), ...(cwd !== undefined && { cwd }) };
    if (this.stdin && this.stdout && this.stderr) {
      const [stdin, stdout, stderr] = [this.stdin, this.stdout, this.stderr];
      return container.exec(argv, {
        ...options,
        stdin,
        onOutput: (out, err) => {
          out.pipe(stdout);
          err.pipe(stderr);
        },
      });
    }
    const terminal = typeof this.stdio === 'object' ? this.stdio : { input: process.stdin, output: process.stdout };
    if (terminal.input.isTTY) {
      return container.exec(argv, {
        ...options,
        onTerminal: (stream, resize) => shareTerminal(terminal, stream, resize),
      });
    }
    return container.exec(argv, {
      ...options,
      stdin: process.stdin,
      onOutput: (out, err) => {
        out.pipe(process.stdout, { end: false });
        err.pipe(process.stderr, { end: false });
      },
    });
  }
}

/** Connects the user's terminal with that of a command, raw, until the command ends. */
function shareTerminal(
  { input: stdin, output: stdout }: SdkTerminal,
  stream: Duplex,
  resize: (size: { h: number; w: number }) => void,
): void {
  const onResize = (): void => resize({ h: stdout.rows, w: stdout.columns });
  stdin.setRawMode(true);
  stdin.pipe(stream);
  stream.pipe(stdout, { end: false });
  stdout.on('resize', onResize);
  onResize();
  stream.once('close', () => {
    stdout.off('resize', onResize);
    stdin.unpipe(stream);
    stdin.setRawMode(false);
    stdin.pause();
  });
}

async function finished(stream: PassThrough | null): Promise<void> {
  if (stream && !stream.readableEnded && stream.readableFlowing) await once(stream, 'end').catch(() => undefined);
}
