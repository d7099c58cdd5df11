import { StringDecoder } from 'node:string_decoder';

/** Longer lines are handed on in pieces, so that a command without newlines cannot fill the memory. */
const longestLine = 64 * 1024;

/** Cuts a stream of bytes into lines. A carriage return ends a line as well: progress bars use it. */
export class LineSplitter {
  private readonly decoder = new StringDecoder('utf8');
  private rest = '';

  constructor(private readonly onLine: (line: string) => void) {}

  write(chunk: Buffer): void {
    const parts = (this.rest + this.decoder.write(chunk)).split(/\r?\n|\r(?!$)/);
    this.rest = parts.pop() ?? '';
    for (const line of parts) this.onLine(line);
    while (this.rest.length > longestLine) {
      this.onLine(this.rest.slice(0, longestLine));
      this.rest = this.rest.slice(longestLine);
    }
  }

  end(): void {
    this.rest += this.decoder.end();
    if (this.rest !== '') this.onLine(this.rest.replace(/\r$/, ''));
    this.rest = '';
  }
}

/** The last lines that were added. */
export class Tail {
  private readonly lines: string[] = [];

  constructor(private readonly count: number) {}

  add(line: string): void {
    this.lines.push(line);
    if (this.lines.length > this.count) this.lines.shift();
  }

  toString(): string {
    return this.lines.join('\n');
  }
}

/** The last bytes that were added, `limit` at most. */
export class ByteTail {
  private chunks: Buffer[] = [];
  private size = 0;

  constructor(private readonly limit: number) {}

  add(chunk: Buffer): void {
    this.chunks.push(chunk);
    this.size += chunk.length;
    // Whole chunks go when the others are enough; the rest is cut once, at the end.
    for (let first = this.chunks[0]; first && this.size - first.length >= this.limit; first = this.chunks[0]) {
      this.chunks.shift();
      this.size -= first.length;
    }
  }

  toString(): string {
    const all = Buffer.concat(this.chunks);
    return all.subarray(Math.max(0, all.length - this.limit)).toString('utf8');
  }
}
