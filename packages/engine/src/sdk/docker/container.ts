import type Docker from 'dockerode';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type { Duplex, Readable } from 'node:stream';
import { ExecChannel, holding } from './channel';
import type { Connection } from './connect';
import { dockerFailure, isConnectionError, statusOf } from './failure';
import { planContainer } from './plan';
import type { ContainerPlan } from './plan';

/**
 * The first process of a container that waits for commands: it ends at the end of its input, which is our connection, so
 * also when this process is killed. Bash takes care of orphans, which a bare `cat` would leave as zombies.
 */
export const waiting = ['/bin/bash', '-c', 'while read -r _; do :; done'] as const;

export interface ExecOptions {
  env: string[];
  cwd?: string;
  stdin?: Readable;
  /** Gets the command's output; without it, that is thrown away. */
  onOutput?: (stdout: Readable, stderr: Readable) => void;
  /** The command gets a terminal, and this its connection; in place of `stdin` and `onOutput`. */
  onTerminal?: (stream: Duplex, resize: (size: { h: number; w: number }) => void) => void;
}

/**
 * Codes of commands whose container ended: killed with it (128 + SIGKILL), or not started any more, which the daemon calls 126
 * as it does where a program cannot be executed.
 */
const endedByContainer = new Set([126, 137]);

/** A running container that executes commands, one after the other. */
export class Container {
  /** Why it is not used any more. */
  private ended = false;

  private constructor(
    private readonly connection: Connection,
    private readonly handle: Docker.Container,
    private readonly input: Socket,
  ) {
    input.on('error', () => undefined);
    for (const event of ['end', 'close']) input.on(event, () => (this.ended = true));
    input.resume();
  }

  /** @throws AvocadoError of the daemon, `DOCKER_FILES_UNSEEN` where it does not see this machine's files */
  static async start(connection: Connection, plan: ContainerPlan, doing: string): Promise<Container> {
    const { docker, endpoint } = connection;
    try {
      const handle = await docker.createContainer(planContainer(plan));
      try {
        const input = (await handle.attach({ stream: true, stdin: true, hijack: true })) as unknown as Socket;
        await handle.start();
        return new Container(connection, handle, input);
      } catch (error) {
        await handle.remove({ force: true }).catch(() => undefined);
        throw error;
      }
    } catch (error) {
      throw dockerFailure(error, endpoint, `start a container for ${doing}`);
    }
  }

  get id(): string {
    return this.handle.id;
  }

  /** Where the daemon's machine has each of its mounts, by path in the container. */
  async mountSources(): Promise<Record<string, string>> {
    try {
      const { Mounts } = await this.handle.inspect();
      return Object.fromEntries(Mounts.map(({ Destination, Source }) => [Destination, Source]));
    } catch (error) {
      throw dockerFailure(error, this.connection.endpoint, 'tell about a container');
    }
  }

  get isAlive(): boolean {
    return !this.ended;
  }

  /** An idle container must not keep this process from ending. */
  set idle(idle: boolean) {
    if (idle) this.input.unref();
    else this.input.ref();
  }

  /**
   * Runs a command to its end, or to the end of the container.
   * @returns its exit code; undefined where the container ended first
   */
  async exec(argv: readonly string[], options: ExecOptions): Promise<number | undefined> {
    const { endpoint } = this.connection;
    const { env, cwd, stdin, onTerminal } = options;
    const input = stdin !== undefined || onTerminal !== undefined;
    try {
      const exec = await this.handle.exec({
        ...{ Cmd: [...argv], Env: env, User: '0:0', WorkingDir: cwd ?? '/', Tty: onTerminal !== undefined },
        ...{ AttachStdin: input, AttachStdout: true, AttachStderr: true },
      });
      const stream = await exec.start({ hijack: true, stdin: input, Tty: onTerminal !== undefined });
      if (onTerminal) onTerminal(stream, (size) => void exec.resize(size).catch(() => undefined));
      const read = onTerminal ? undefined : this.read(stream, options);
      await this.closed(stream, exec);
      await read;
      const code = await exitCode(exec);
      return endedByContainer.has(code ?? 0) && (await this.isEnding()) ? undefined : code;
    } catch (error) {
      // Gone, not running any more, or the daemon is; whoever asked finds out which. One that ends while the daemon
      // starts the command makes it a failure of the OCI runtime, in words of that one's own.
      if (this.ended || [404, 409].includes(statusOf(error) ?? 0) || isConnectionError(error)) return undefined;
      if (await this.isEnding()) return undefined;
      throw dockerFailure(error, endpoint, 'execute a command');
    }
  }

  /** A connection to a process that sleeps: see channel.ts. */
  async channel(): Promise<{ connection: ExecChannel; holder: number }> {
    const { docker, endpoint } = this.connection;
    try {
      const attached = { AttachStdin: true, AttachStdout: true, AttachStderr: true, Tty: false };
      const exec = await this.handle.exec({ Cmd: [...holding], User: '0:0', ...attached });
      const connection = new ExecChannel(await exec.start({ hijack: true, stdin: true, Tty: false }), docker.modem);
      return { connection, holder: await connection.holder };
    } catch (error) {
      throw dockerFailure(error, endpoint, 'connect with a command');
    }
  }

  /** Ends when the connection has ended and everything that came has been read. */
  private async read(stream: Duplex, { stdin, onOutput }: ExecOptions): Promise<void> {
    const outputs = [new PassThrough(), new PassThrough()] as const;
    const ended = outputs.map((output) => once(output, 'end'));
    if (onOutput) onOutput(...outputs);
    else for (const output of outputs) output.resume();
    this.connection.docker.modem.demuxStream(stream, ...outputs);
    const end = (): void => outputs.forEach((output) => output.end());
    stream.once('end', end).once('close', end);
    stdin?.on('error', () => undefined).pipe(stream);
    await Promise.all(ended);
  }

  /** What a command left running keeps its output open: the command's own end counts. */
  private closed(stream: Duplex, exec: Docker.Exec): Promise<void> {
    return new Promise((resolve) => {
      const look = async (): Promise<void> => {
        const { Running } = await exec.inspect().catch(() => ({ Running: false }));
        if (!Running) await this.kill();
      };
      const timer = setInterval(() => void look(), 2000);
      const done = (): void => {
        clearInterval(timer);
        resolve();
      };
      stream.once('end', done).once('close', done).once('error', done);
    });
  }

  /** What ends a container may kill its commands first; so does a lack of memory, which the container outlives. */
  private async isEnding(): Promise<boolean> {
    for (let tries = 0; tries < 10 && !this.ended; tries++) {
      const state = await this.handle.inspect().catch(() => undefined);
      if (!state?.State.Running) return true;
      await delay(50);
    }
    return this.ended;
  }

  /** Whether nothing but the first process is left, as before a command. */
  async isQuiet(): Promise<boolean> {
    const { Processes } = (await this.handle.top().catch(() => ({}))) as { Processes?: unknown[] | null };
    return Processes?.length === 1;
  }

  /** Asks everything in it but the first process to end. */
  async terminate(): Promise<void> {
    await this.exec(['/bin/bash', '-c', 'kill -TERM -1'], { env: [] }).catch(() => undefined);
  }

  /** Ends everything in it but the first process at once, also what sleeps. */
  async killAll(): Promise<void> {
    await this.exec(['/bin/bash', '-c', 'kill -KILL -1'], { env: [] }).catch(() => undefined);
  }

  /** Ends it at once; the daemon removes it. */
  async kill(): Promise<void> {
    this.ended = true;
    // Not `kill`: that refuses one that has ended and is not yet removed.
    await this.handle.remove({ force: true }).catch(() => undefined);
    this.input.destroy();
  }

  /** Ends it by the end of its input; nothing is waited for. */
  end(): void {
    this.ended = true;
    this.input.end();
    this.input.unref();
  }
}

/** The daemon may need a moment to know. */
async function exitCode(exec: Docker.Exec): Promise<number | undefined> {
  for (let tries = 0; tries < 100; tries++) {
    const { Running, ExitCode } = await exec.inspect();
    if (!Running && ExitCode !== null) return ExitCode;
    await delay(5 + tries);
  }
  return undefined;
}
