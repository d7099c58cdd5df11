import type { Duplex } from 'node:stream';
import { AvocadoError } from '../error';
import { portName } from './arguments';
import type { Credential } from './credentials';

const unitName = 'avocado-observer.service';

/** Where the kernel lists virtio ports, each a directory with its name in it. */
const portList = '/sys/class/virtio-ports';

/** Shell condition: the port at `$d` is the one of that name. The kernel's list, for udev's links come seconds later. */
const isPort = (channel: 'observer' | 'journal'): string => `[ "$(cat $d/name 2>/dev/null)" = ${portName(channel)} ]`;

/** The observer's first line. UEFI firmware reads virtio ports, too, so what is sent before it is lost. */
export const greeting = '@avocado-up@';

/**
 * The unit that lets this process look into the guest: a shell whose input and output is a virtio port.
 *
 * It comes from outside, by system credentials (systemd 256 and newer), so the disk that is tested is the disk that
 * ships. It starts as early as systemd starts anything, and survives an emergency shell's isolation, so that a boot that
 * fails can be asked why. The port is opened once for both directions because the kernel lets only one open it.
 */
export function observerCredentials(): Credential[] {
  const open = `exec <>/dev/\${d##*/} >&0 && echo ${greeting} && exec sh`;
  const search = `for d in ${portList}/*; do ${isPort('observer')} && ${open}; done`;
  // A port appears late where its driver is a module. systemd takes `$$` for `$`.
  const script = `while :; do ${search}; sleep 0.2; done`.replaceAll('$', '$$$$');
  const unit = [
    '[Unit]',
    'DefaultDependencies=no',
    'IgnoreOnIsolate=yes',
    '[Service]',
    `ExecStart=/bin/sh -c '${script}'`,
    '',
  ].join('\n');
  return [
    { name: `systemd.extra-unit.${unitName}`, text: unit },
    { name: 'systemd.unit-dropin.sysinit.target~avocado', text: `[Unit]\nWants=${unitName}\n` },
  ];
}

/** Shell command for the observer: lets `command` run on, its output going to the journal port. */
export function sendToJournalPort(command: string): string {
  return `for d in ${portList}/*; do ${isPort('journal')} && ${command} >/dev/\${d##*/} 2>/dev/null & done`;
}

/** What a command in the guest printed and how it ended. */
export interface GuestResult {
  code: number;
  output: string;
}

/** Runs shell commands in the guest, one after another. */
export class Observer {
  /** True once the guest has greeted. */
  alive = false;
  private queue: Promise<unknown> = Promise.resolve();
  private buffered = '';
  private wake: () => void = () => undefined;
  private count = 0;
  private closed = false;
  private boots = 0;

  constructor(private readonly socket: Duplex) {
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => this.read(text));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.closed = true;
      this.wake();
    });
  }

  /** The guest's shell is there without having said so: that of a machine that goes on from a snapshot. */
  greet(): void {
    this.alive = true;
    this.wake();
  }

  /** The machine was reset: what was asked is not answered any more, and what is asked next waits for the next boot. */
  reset(): void {
    this.boots += 1;
    this.alive = false;
    this.buffered = '';
    this.wake();
  }

  /**
   * @param script one line of POSIX shell; it must not read standard input
   * @param limit milliseconds; undefined waits for as long as the machine runs
   * @throws AvocadoError `GUEST_SILENT`: no answer in time, or the machine has stopped or was reset
   */
  run(script: string, limit?: number): Promise<GuestResult> {
    const result = this.queue.then(() => this.ask(script, limit));
    this.queue = result.catch(() => undefined);
    return result;
  }

  private async ask(script: string, limit: number | undefined): Promise<GuestResult> {
    const mark = `@avocado-${++this.count}@`;
    let expired = false;
    const timer = limit === undefined ? undefined : setTimeout(() => ((expired = true), this.wake()), limit);
    let boot: number | undefined;
    const check = (): void => {
      const other = boot !== undefined && boot !== this.boots;
      if (expired || other || this.closed)
        throw new AvocadoError('GUEST_SILENT', `the guest did not answer: ${script}`);
    };
    try {
      while (!this.alive) {
        check();
        await this.more();
      }
      boot = this.boots;
      this.socket.write(`{ ${script}\n} </dev/null 2>&1; echo "${mark} $?"\n`);
      for (;;) {
        const at = this.buffered.lastIndexOf(mark);
        const found = at === -1 ? null : /^\S+ (\d+)\n/.exec(this.buffered.slice(at));
        if (found) {
          const output = this.buffered.slice(0, at);
          this.buffered = this.buffered.slice(at + found[0].length);
          // The answer to a question that was given up on may stand before this one's.
          return { code: Number(found[1]), output: output.replace(/^[^]*@avocado-\d+@ \d+\n/, '') };
        }
        check();
        await this.more();
      }
    } finally {
      clearTimeout(timer);
    }
  }

  private more(): Promise<void> {
    return new Promise((resolve) => (this.wake = resolve));
  }

  private read(text: string): void {
    this.buffered += text;
    if (!this.alive && this.buffered.includes(`${greeting}\n`)) {
      this.alive = true;
      this.buffered = '';
    }
    this.wake();
  }
}
