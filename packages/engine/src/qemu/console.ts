import { createWriteStream, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';

/** Bytes of the console that are kept in memory for messages. */
const keptLimit = 64 * 1024;

/** The serial console's record: everything to a file, the end of it in memory. */
export class ConsoleLog {
  private kept = '';
  private readonly file;

  constructor(readonly path: string) {
    mkdirSync(dirname(path), { recursive: true });
    this.file = createWriteStream(path);
    // A log that cannot be written must not end the machine.
    this.file.on('error', () => undefined);
  }

  add(chunk: Buffer | string): void {
    this.file.write(chunk);
    this.kept = (this.kept + chunk.toString()).slice(-keptLimit);
  }

  includes(text: string): boolean {
    return this.kept.includes(text);
  }

  /** What is in memory, without what steers a terminal. */
  get text(): string {
    return plainText(this.kept);
  }

  /** The last lines, without what steers a terminal. */
  tail(lines: number): string {
    return this.text.trimEnd().split('\n').slice(-lines).join('\n');
  }

  /** Resolves when everything is in the file. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      if (this.file.closed) return resolve();
      this.file.once('close', resolve);
      this.file.end();
    });
  }
}

const escape = String.fromCharCode(0x1b);
const bell = String.fromCharCode(0x07);
/** Control sequences, operating system commands, and the other escapes of ECMA-48. */
const sequences = new RegExp(
  `${escape}(?:\\[[0-?]*[ -/]*[@-~]|\\][^${bell}${escape}]*(?:${bell}|${escape}\\\\)|[ -/]*[0-~])`,
  'g',
);

/** Text without what steers a terminal: escape sequences and control characters but newline and tab. */
export function plainText(text: string): string {
  return text.replace(sequences, '').replace(/(?![\n\t])\p{Cc}/gu, '');
}
