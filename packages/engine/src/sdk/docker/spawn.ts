import { EventEmitter, once } from 'node:events';
import { PassThrough } from 'node:stream';
import type { Duplex } from 'node:stream';
import { fixedEnvironment } from '../bubblewrap';
import { hostNetwork } from '../network';
import type { SdkCommand, SdkProcess, SdkStdio, SdkTerminal } from '../types';
import type { Connection } from './connect';
import { Container, waiting } from './container';
import { ownershipCommand } from './ownership';
import { containerInputs, environmentList } from './plan';
import { rootImage } from './root-image';

/** A long-running command in a container of its own, which ends with it, and with this process. */
export function spawnInContainer(connection: Connection, command: SdkCommand, stdio: SdkStdio): SdkProcess {
  const running = new ContainerProcess(stdio);
  void running.start(connection, command);
  return running;
}

class ContainerProcess extends EventEmitter implements SdkProcess {
  readonly stdin: PassThrough | null;
  readonly stdout: PassThrough | null;
  readonly stderr: PassThrough | null;
  private container?: Container;
  private killed = false;

  constructor(private readonly stdio: SdkStdio) {
    super();
    const pipe = (): PassThrough | null => (stdio === 'pipe' ? new PassThrough() : null);
    [this.stdin, this.stdout, this.stderr] = [pipe(), pipe(), pipe()];
  }

  async start(connection: Connection, command: SdkCommand): Promise<void> {
    const abort = (): void => this.kill('SIGTERM');
    command.signal?.addEventListener('abort', abort);
    try {
      const { mounts, env } = containerInputs(command, command.network ? hostNetwork() : undefined);
      const { network = false, devices = [], ports = [], containerArgs = [] } = command;
      const root = await rootImage(command.root, connection);
      const plan = { root, mounts, network, devices, ports, containerArgs, argv: waiting, stdio: 'stdin' as const };
      this.container = await Container.start(connection, plan, command.label);
      const code = this.killed ? undefined : await this.execute(command, { ...fixedEnvironment, ...env });
      const own = await ownershipCommand(connection, mounts);
      if (own && this.container.isAlive) await this.container.exec(own, { env: environmentList(fixedEnvironment) });
      this.container.end();
      for (const output of [this.stdout, this.stderr]) await finished(output);
      this.emit('close', this.killed ? null : (code ?? null));
    } catch (error) {
      await this.container?.kill();
      this.emit('error', error);
    } finally {
      command.signal?.removeEventListener('abort', abort);
    }
  }

  kill(signal: 'SIGTERM' | 'SIGKILL'): void {
    if (signal === 'SIGTERM') return void this.container?.terminate();
    this.killed = true;
    void this.container?.kill();
  }

  private async execute(command: SdkCommand, env: Record<string, string>): Promise<number | undefined> {
    const container = this.container as Container;
    const { argv, cwd } = command;
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
