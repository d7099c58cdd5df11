import { randomBytes, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { open, rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { CacheServer } from './cache-server';
import type { Address } from './cache-server';
import type { Limits } from './limits';
import { Slots } from './slots';
import { endsReading, endsWriting, Trouble, warning } from './trouble';
import type { Kind } from './trouble';

/**
 * Stands between Nx and a remote cache for one run, on loopback, and says of whatever goes wrong with the cache that it
 * has nothing, or takes nothing (404, 403). Nx itself stops the build at any other answer, at a server that is down and at
 * an entry that is not whole, and fails a task that succeeded where its output could not be stored.
 */
export class Relay {
  private readonly token = randomBytes(32).toString('hex');
  private readonly server = createServer((request, response) => void this.answer(request, response));
  private readonly cache: CacheServer;
  private readonly slots: Slots;
  private readonly seen = new Set<Kind>();
  private untold: string[] = [];
  private reads = true;
  private writes = true;

  private constructor(
    private readonly upstream: Address,
    limits: Limits,
    private readonly warn: (line: string) => void,
  ) {
    this.cache = new CacheServer(upstream, limits);
    this.slots = new Slots(limits.parallel);
  }

  /** @param warn gets one line for each kind of trouble */
  static async start(upstream: Address, limits: Limits, warn: (line: string) => void): Promise<Relay> {
    const relay = new Relay(upstream, limits, warn);
    // It ends with its process: nothing waits for it.
    relay.server.unref();
    await new Promise<void>((resolve, reject) => {
      relay.server.once('error', reject);
      relay.server.listen(0, '127.0.0.1', resolve);
    });
    return relay;
  }

  /** What Nx is to use in place of `behind`; the token is this relay's own. */
  get address(): Required<Address> {
    return { url: `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`, token: this.token };
  }

  get behind(): Address {
    return this.upstream;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
    await this.cache.close();
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method, url = '' } = request;
    const hash = /^\/v1\/cache\/([0-9A-Za-z_-]{1,64})$/.exec(url)?.[1];
    try {
      if (!this.knows(request)) response.writeHead(401).end();
      else if (method === 'GET' && url === '/warnings') response.end(JSON.stringify(this.untold.splice(0)));
      else if (method === 'GET' && hash !== undefined) await this.read(hash, response);
      else if (method === 'PUT' && hash !== undefined) await this.write(hash, request, response);
      else response.writeHead(404).end();
    } catch {
      // Nx has gone away.
      response.destroy();
    }
  }

  private knows({ headers }: IncomingMessage): boolean {
    const [given, wanted] = [headers.authorization ?? '', `Bearer ${this.token}`].map((text) => Buffer.from(text));
    return given!.length === wanted!.length && timingSafeEqual(given!, wanted!);
  }

  /** An entry reaches Nx when all of it is here and proved: an answer that has begun cannot become a 404. */
  private async read(hash: string, response: ServerResponse): Promise<void> {
    let file: FileHandle | undefined;
    try {
      const size = await this.slots.run(async () => {
        if (!this.reads) return undefined;
        file = await nameless();
        return this.cache.read(hash, file);
      });
      if (!file || size === undefined) response.writeHead(404).end();
      else {
        response.writeHead(200, { 'content-length': size });
        await pipeline(file.createReadStream({ start: 0, autoClose: false }), response);
      }
    } catch (error) {
      if (response.headersSent) throw error;
      this.note(error);
      response.writeHead(404).end();
    } finally {
      await file?.close();
    }
  }

  private async write(hash: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const status = await this.slots.run(async () => {
      if (!this.writes) return 403;
      try {
        const outcome = await this.cache.write(hash, request, request.headers['content-length'] ?? '');
        // A token that only reads: so are those of pull requests. Nothing to warn of, and nothing to send again.
        if (outcome === 'forbidden') this.writes = false;
        return { stored: 200, exists: 409, forbidden: 403 }[outcome];
      } catch (error) {
        this.note(error);
        return 403;
      }
    });
    // Nx reads no answer before it has sent everything.
    if (!request.readableEnded) await once(request.resume(), 'end');
    response.writeHead(status).end();
  }

  private note(error: unknown): void {
    const trouble = error instanceof Trouble ? error : new Trouble('no-space-here', (error as Error).message);
    const { kind } = trouble;
    if (endsReading.includes(kind)) this.reads = false;
    if (endsWriting.includes(kind)) this.writes = false;
    if (this.seen.has(kind)) return;
    this.seen.add(kind);
    const line = warning(trouble, this.upstream.url);
    this.untold.push(line);
    this.warn(line);
  }
}

/** A file without a name: however this process ends, it leaves nothing. */
async function nameless(): Promise<FileHandle> {
  const path = join(tmpdir(), `nx-avocado-${randomBytes(8).toString('hex')}`);
  const file = await open(path, 'wx+', 0o600);
  await rm(path);
  return file;
}
