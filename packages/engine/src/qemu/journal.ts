import type { Readable } from 'node:stream';
import { shellQuote } from '../sdk';
import { sendToJournalPort } from './observer';

/** One entry of the guest's journal. */
export interface JournalLine {
  /** The unit that printed it: `ref-rust.service`. */
  unit: string;
  message: string;
  /** Seconds since the guest's kernel started. */
  time: number;
  /** Id of the boot, 32 hexadecimal digits. */
  boot: string;
}

/** Unit names as systemd completes them: `ref-rust` is `ref-rust.service`. */
export function unitName(name: string): string {
  return /\.(service|socket|target|mount|automount|swap|path|timer|slice|scope|device)$/.test(name)
    ? name
    : `${name}.service`;
}

/**
 * Shell command that ends when the journal has moved to its place in /var. A reader that opened it earlier would never
 * see what comes after that. Where nothing moves, because the journal stays in memory, the boot's first part is over.
 */
const untilFlushed =
  'until [ -e /run/systemd/journal/flushed ] || systemctl -q is-active sysinit.target; do sleep 0.5; done';

/**
 * Shell command for the observer: sends the units' journal of this boot, from its beginning, to the journal port. An empty
 * line first ends what a boot that was cut off left half sent.
 * @param units every unit's where it is empty
 */
export function followCommand(units: string[]): string {
  const wanted = units.map((unit) => `_SYSTEMD_UNIT=${unitName(unit)}`);
  // Not the kernel's and the audit's: they are of no unit, and many.
  const all = ['journal', 'stdout', 'syslog'].map((transport) => `_TRANSPORT=${transport}`);
  const matches = (units.length === 0 ? all : wanted).map(shellQuote).join(' + ');
  // --all: without it a long message is left out.
  const options = '-b --follow --no-tail --all --output=json --output-fields=MESSAGE,_SYSTEMD_UNIT';
  return sendToJournalPort(`{ echo; ${untilFlushed}; exec journalctl ${options} ${matches}; }`);
}

/** Parses a stream of `journalctl -o json`; a line that is cut off or no JSON is left out. */
export async function* journalLines(stream: Readable): AsyncGenerator<JournalLine> {
  let buffered = '';
  const decoder = new TextDecoder();
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    const lines = (buffered + decoder.decode(chunk, { stream: true })).split('\n');
    buffered = lines.pop() ?? '';
    for (const line of lines) {
      const parsed = parseJournalLine(line);
      if (parsed) yield parsed;
    }
  }
}

/** One line of `journalctl -o json`; times there are microseconds, and a message that is no UTF-8 is a list of bytes. */
export function parseJournalLine(line: string): JournalLine | undefined {
  try {
    const entry = JSON.parse(line) as Record<string, unknown>;
    const message = entry['MESSAGE'];
    const text = Array.isArray(message) ? Buffer.from(message as number[]).toString() : message;
    const unit = entry['_SYSTEMD_UNIT'];
    if (typeof text !== 'string' || typeof unit !== 'string') return undefined;
    const time = Number(entry['__MONOTONIC_TIMESTAMP']) / 1e6;
    return { unit, message: text, time, boot: String(entry['_BOOT_ID']) };
  } catch {
    return undefined;
  }
}
