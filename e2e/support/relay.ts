import { createServer, connect } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';

/** A port that leads to another one of this machine: it counts what goes through, and can stop. */
export class Relay {
  /** Bytes of both directions. */
  bytes = 0;
  /** Bytes to the other end after which nothing goes through any more. */
  limit = Infinity;
  private readonly sockets = new Set<Socket>();
  private readonly server = createServer((socket) => this.join(socket, connect(this.port, '127.0.0.1')));

  constructor(private readonly port: number) {}

  async listen(): Promise<number> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return (this.server.address() as AddressInfo).port;
  }

  get stopped(): boolean {
    return this.bytes >= this.limit;
  }

  close(): void {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
  }

  private join(from: Socket, to: Socket): void {
    for (const [a, b] of [
      [from, to],
      [to, from],
    ] as const) {
      this.sockets.add(a);
      a.on('data', (chunk: Buffer) => {
        this.bytes += chunk.length;
        if (this.stopped) return void a.pause();
        if (!b.write(chunk)) {
          a.pause();
          b.once('drain', () => this.stopped || a.resume());
        }
      });
      a.on('error', () => undefined);
      // A peer that lost its power says nothing.
      a.on('close', () => this.stopped || b.destroy());
    }
  }
}
