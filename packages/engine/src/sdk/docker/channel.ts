import { Duplex, Writable } from 'node:stream';
import type { Connection } from './connect';

/**
 * What a channel's process does: it tells its number and sleeps. Its input and output are the channel: another process of
 * the container opens them by /proc, and what is between is the daemon's connection alone. So a channel needs no network,
 * no socket of this machine, and no program but bash, and works over whatever leads to the daemon.
 */
export const holding = ['/bin/bash', '-c', 'echo $$; kill -STOP $$'] as const;

/** The first descriptor of a channel in a command: bash keeps those above to itself from 255 on only. */
const firstDescriptor = 10;

/** Where a command finds a channel: it opens the paths as files. Pure. */
export function channelPaths(channels: readonly string[], name: string): { input: string; output: string } {
  const at = firstDescriptor + 2 * channels.indexOf(name);
  return { input: `/proc/self/fd/${at}`, output: `/proc/self/fd/${at + 1}` };
}

/** A command that has the channels of these processes. Pure. @param holders in the order of the channels */
export function withChannels(argv: readonly string[], holders: readonly number[]): string[] {
  if (holders.length === 0) return [...argv];
  const opened = holders.flatMap((pid, index) => {
    const at = firstDescriptor + 2 * index;
    return [`${at}</proc/${pid}/fd/0`, `${at + 1}>/proc/${pid}/fd/1`];
  });
  return ['/bin/bash', '-c', `exec ${opened.join(' ')}; exec "$@"`, 'channels', ...argv];
}

/** This end of a channel: the connection of its process. It ends with that. */
export class ExecChannel extends Duplex {
  /** Number of the process, in the container. */
  readonly holder: Promise<number>;
  private told = '';

  constructor(
    private readonly connection: Duplex,
    modem: Connection['docker']['modem'],
  ) {
    super({ allowHalfOpen: false });
    let tell = (_pid: number): void => undefined;
    this.holder = new Promise((resolve, reject) => {
      tell = resolve;
      this.once('close', () => reject(new Error('the channel ended')));
    });
    this.holder.catch(() => undefined);
    const take = (chunk: Buffer): void => {
      if (this.told.endsWith('\n')) return void this.push(chunk);
      const end = chunk.indexOf('\n') + 1;
      this.told += chunk.subarray(0, end || chunk.length).toString();
      if (end === 0) return;
      tell(Number(this.told));
      if (end < chunk.length) this.push(chunk.subarray(end));
    };
    const output = new Writable({ write: (chunk: Buffer, _encoding, done) => (take(chunk), done()) });
    modem.demuxStream(connection, output, new Writable({ write: (_chunk, _encoding, done) => done() }));
    const end = (): void => {
      if (this.readableEnded || this.destroyed) return;
      this.push(null);
      // Nobody may be reading.
      this.resume();
    };
    connection.once('end', end).once('close', end).once('error', end);
  }

  override _read(): void {
    // The connection gives by itself.
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    this.connection.write(chunk, done);
  }

  override _final(done: () => void): void {
    this.connection.end();
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.connection.destroy();
    done(error);
  }
}
