import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A remote cache by Nx's specification, in memory, with one token that may read and one that may write. */
export class CacheServer {
  private readonly entries = new Map<string, Buffer>();
  private readonly seen: { token: string; method: string; hash: string }[] = [];

  private constructor(
    private readonly server: Server,
    private readonly tokens: { read: string; write: string },
  ) {
    server.on('request', (request: IncomingMessage, response: ServerResponse) => this.answer(request, response));
  }

  static async start(tokens: { read: string; write: string }): Promise<CacheServer> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new CacheServer(server, tokens);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  get requests(): number {
    return this.seen.length;
  }

  /** Hashes that were written. */
  get stored(): string[] {
    return [...this.entries.keys()];
  }

  /** Hashes that the holder of `token` asked for. */
  asked(token: string): string[] {
    return this.seen.filter((one) => one.token === token && one.method === 'GET').map(({ hash }) => hash);
  }

  stop(): Promise<void> {
    return new Promise((resolve) => this.server.close(() => resolve()));
  }

  private answer(request: IncomingMessage, response: ServerResponse): void {
    const token = (request.headers.authorization ?? '').replace(/^Bearer /, '');
    const hash = (request.url ?? '').split('/').at(-1) ?? '';
    const method = request.method ?? '';
    this.seen.push({ token, method, hash });
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const [status, body] = this.serve(token, method, hash, Buffer.concat(parts));
      response.writeHead(status).end(body);
    });
  }

  private serve(token: string, method: string, hash: string, body: Buffer): [number, Buffer?] {
    if (!Object.values(this.tokens).includes(token)) return [401];
    const entry = this.entries.get(hash);
    if (method === 'GET') return entry ? [200, entry] : [404];
    if (token !== this.tokens.write) return [403];
    // An entry is never replaced.
    if (entry) return [409];
    this.entries.set(hash, body);
    return [200];
  }
}
