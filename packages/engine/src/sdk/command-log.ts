import { createHash } from 'node:crypto';
import { createWriteStream, existsSync, mkdirSync } from 'node:fs';
import type { WriteStream } from 'node:fs';
import { dirname } from 'node:path';
import type { Readable } from 'node:stream';
import { AvocadoError } from '../error';
import type { Reporter } from '../report';
import { storePath } from '../store';
import { ByteTail, LineSplitter, Tail } from './lines';
import type { SdkCommand } from './types';

/** Lines of a failed command that its error shows. */
const shownLines = 25;
/** Bytes of standard output that a result holds. */
const outputLimit = 4 * 1024 * 1024;

export interface RunOptions {
  /** Lines go to `reporter.output` as they come. */
  stream?: boolean;
  logFile?: string;
}

/** What a command prints: all of it in a file, its last lines for an error, the end of its standard output. */
export class CommandLog {
  readonly path: string;
  private readonly file: WriteStream;
  private readonly stdout = new ByteTail(outputLimit);
  private readonly tail = new Tail(shownLines);

  constructor(
    command: SdkCommand,
    private readonly reporter: Reporter,
    private readonly options: RunOptions,
  ) {
    this.path = options.logFile ?? logPath(command);
    mkdirSync(dirname(this.path), { recursive: true });
    this.file = createWriteStream(this.path).on('error', () => undefined);
  }

  /** The last lines, for an error; none where they were streamed, and so stand above already. */
  get shown(): string | undefined {
    return this.options.stream ? undefined : this.lastLines;
  }

  get lastLines(): string {
    return this.tail.toString();
  }

  get standardOutput(): string {
    return this.stdout.toString();
  }

  collect(stream: Readable, kind: 'stdout' | 'stderr'): void {
    const lines = new LineSplitter((line) => {
      this.tail.add(line);
      if (this.options.stream) this.reporter.output(line);
    });
    stream.on('data', (chunk: Buffer) => {
      if (kind === 'stdout') this.stdout.add(chunk);
      lines.write(chunk);
      // A log that cannot be written (no space left) must not stop the command.
      if (!this.file.destroyed && !this.file.write(chunk)) {
        stream.pause();
        this.file.once('drain', () => stream.resume()).once('close', () => stream.resume());
      }
    });
    stream.on('end', () => lines.end());
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.file.end(resolve));
  }
}

/** One name for a command in a workspace, so that running it again replaces its log. */
function logPath(command: SdkCommand): string {
  const slug = command.label.replace(/[^A-Za-z0-9._-]+/g, '-').slice(0, 80);
  const key = createHash('sha256').update(`${process.cwd()}\0${command.label}\0${command.root.digest}`).digest('hex');
  return storePath('logs', `${slug}-${key.slice(0, 8)}.log`);
}

/** @throws AvocadoError `SDK_MOUNT_MISSING` where something of the host that the command needs is not there */
export function checkSources({ root, mounts = [], label }: SdkCommand, devices: readonly string[] = []): void {
  const sources = [
    ...(root.image === undefined ? [root.path] : []),
    ...mounts.map((mount) => mount.source),
    ...devices,
  ];
  const missing = sources.find((source) => !existsSync(source));
  if (missing === undefined) return;
  throw new AvocadoError('SDK_MOUNT_MISSING', `${label} needs ${missing}, which does not exist`);
}

export function aborted(command: SdkCommand): AvocadoError {
  return new AvocadoError('ABORTED', `${command.label} was interrupted`);
}

/** `cargo build of app failed: cargo ended with code 101` */
export function failed(command: SdkCommand, code: number | null): string {
  const how = code === null ? 'by a signal' : `with code ${code}`;
  return `${command.label} failed: ${command.argv[0] ?? ''} ended ${how}`;
}

export function missingProgram(command: SdkCommand): string {
  return `${command.argv[0] ?? ''} is not in the SDK: add its package to sdk.packages.`;
}
