import type { Duplex } from 'node:stream';
import { AvocadoError } from '../error';

/** An event that QEMU reports, such as SHUTDOWN with `{guest: true, reason: 'guest-shutdown'}`. */
export interface QmpEvent {
  event: string;
  data?: Record<string, unknown>;
}

type Message = QmpEvent & { QMP?: unknown; id?: number; return?: unknown; error?: { desc: string } };

interface Waiting {
  resolve(value: unknown): void;
  reject(error: Error): void;
  timer: NodeJS.Timeout;
}

/**
 * QEMU's machine protocol: JSON lines, a greeting, a handshake, then commands with ids and events in between.
 * https://www.qemu.org/docs/master/interop/qmp-spec.html (on npm there is one client only, and its licence is not free)
 */
export class Qmp {
  private readonly waiting = new Map<number, Waiting>();
  private nextId = 1;
  private buffered = '';
  private closed = false;
  private greet = (): void => undefined;
  private giveUp = (_error: Error): void => undefined;
  private readonly greeted = new Promise<void>((resolve, reject) => {
    this.greet = resolve;
    this.giveUp = reject;
  });

  private constructor(
    private readonly socket: Duplex,
    private readonly onEvent: (event: QmpEvent) => void,
  ) {
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => this.read(text));
    socket.on('error', () => undefined);
    socket.on('close', () => this.close());
  }

  /** Negotiates; events arrive from then on. */
  static async open(socket: Duplex, onEvent: (event: QmpEvent) => void): Promise<Qmp> {
    const qmp = new Qmp(socket, onEvent);
    // A channel may be there before QEMU is.
    await qmp.greeted;
    await qmp.execute('qmp_capabilities');
    return qmp;
  }

  /**
   * @param limit milliseconds
   * @throws AvocadoError `QMP_FAILED`: refused, no answer in time, or QEMU is gone
   */
  execute(command: string, args?: Record<string, unknown>, limit = 5000): Promise<unknown> {
    const id = this.nextId++;
    return new Promise((resolve, reject) => {
      if (this.closed) return reject(failed(command, 'QEMU is gone'));
      const timer = setTimeout(() => this.settle(id)?.reject(new Error(`no answer in ${limit} ms`)), limit);
      this.waiting.set(id, { resolve, reject: (error) => reject(failed(command, error.message)), timer });
      this.socket.write(`${JSON.stringify({ execute: command, arguments: args, id })}\n`);
    });
  }

  private read(text: string): void {
    const lines = (this.buffered + text).split('\n');
    this.buffered = lines.pop() ?? '';
    for (const line of lines) if (line.trim() !== '') this.take(line);
  }

  private take(line: string): void {
    const message = JSON.parse(line) as Message;
    if (message.QMP !== undefined) return this.greet();
    if (message.event !== undefined) return this.onEvent(message);
    if (message.id === undefined) return;
    const waiting = this.settle(message.id);
    if (message.error) waiting?.reject(new Error(message.error.desc));
    else waiting?.resolve(message.return);
  }

  private settle(id: number): Waiting | undefined {
    const waiting = this.waiting.get(id);
    this.waiting.delete(id);
    clearTimeout(waiting?.timer);
    return waiting;
  }

  private close(): void {
    this.closed = true;
    this.giveUp(failed('qmp_capabilities', 'QEMU is gone'));
    for (const id of [...this.waiting.keys()]) this.settle(id)?.reject(new Error('QEMU is gone'));
  }
}

function failed(command: string, why: string): AvocadoError {
  return new AvocadoError('QMP_FAILED', `QEMU did not do ${command}: ${why}`);
}
