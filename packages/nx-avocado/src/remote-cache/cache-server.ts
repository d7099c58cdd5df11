import type { FileHandle } from 'node:fs/promises';
import { Transform } from 'node:stream';
import type { Readable } from 'node:stream';
import { EnvHttpProxyAgent, request } from 'undici';
import type { Dispatcher } from 'undici';
import { checkEntry } from './check-entry';
import type { Limits } from './limits';
import { Trouble } from './trouble';

/** Where the remote cache is, as Nx's own variables say. */
export interface Address {
  url: string;
  token?: string;
}

/** The remote cache itself, over the network: through the proxies that the environment names, TLS as Node does it. */
export class CacheServer {
  private readonly agent: EnvHttpProxyAgent;

  constructor(
    private readonly address: Address,
    private readonly limits: Limits,
  ) {
    // `moving` looks at the whole of a transfer; these would each look at a part of it.
    this.agent = new EnvHttpProxyAgent({
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: { timeout: limits.patience },
    });
  }

  /**
   * Writes a whole, proved entry to `file`.
   * @returns its size in bytes; undefined where there is none
   * @throws Trouble
   */
  read(hash: string, file: FileHandle): Promise<number | undefined> {
    return this.moving(async (moved, signal) => {
      const { statusCode, body } = await this.ask('GET', hash, { signal });
      if (statusCode !== 200) await body.dump();
      if (statusCode === 404) return undefined;
      if (statusCode === 401 || statusCode === 403) throw new Trouble('refused', `it answered ${statusCode}`);
      if (statusCode !== 200) throw new Trouble('failing', `it answered ${statusCode}`);
      let size = 0;
      async function* kept(): AsyncGenerator<Buffer> {
        for await (const chunk of untilBroken(body)) {
          moved(chunk.length);
          size += chunk.length;
          await file.appendFile(chunk).catch((error: Error) => {
            throw new Trouble('no-space-here', `an entry cannot be kept here: ${error.message}`);
          });
          yield chunk;
        }
      }
      await checkEntry(kept(), this.limits.largest).catch(({ kind, message }: Trouble) => {
        throw new Trouble(kind, kind === 'damaged' ? `its entry ${hash} is damaged: ${message}` : message);
      });
      return size;
    });
  }

  /**
   * Hands an entry on.
   * @param length of `body`, bytes
   * @returns what became of it; `forbidden`: the token only reads
   * @throws Trouble
   */
  write(hash: string, body: Readable, length: string): Promise<'stored' | 'exists' | 'forbidden'> {
    return this.moving(async (moved, signal) => {
      // An answer may come before all was sent, and ends this stream; what is left of the body is the caller's.
      const sent = new Transform({
        transform(chunk: Buffer, _encoding, done) {
          moved(chunk.length);
          done(null, chunk);
        },
      });
      body.once('close', () => body.readableEnded || sent.destroy());
      body.pipe(sent);
      const answer = await this.ask('PUT', hash, {
        signal,
        body: sent,
        headers: { 'content-type': 'application/octet-stream', 'content-length': length },
      });
      await answer.body.dump();
      const { statusCode } = answer;
      // nginx says 201.
      if (statusCode >= 200 && statusCode < 300) return 'stored';
      if (statusCode === 409) return 'exists';
      if (statusCode === 403) return 'forbidden';
      if (statusCode === 401) throw new Trouble('refused', 'it answered 401');
      if (statusCode === 413) throw new Trouble('too-large', `it does not take an entry of ${length} bytes`);
      throw new Trouble('full', `it could not store an entry, and answered ${statusCode}`);
    });
  }

  close(): Promise<void> {
    return this.agent.destroy();
  }

  private ask(
    method: 'GET' | 'PUT',
    hash: string,
    { headers, ...options }: Omit<Dispatcher.RequestOptions, 'path' | 'method' | 'origin'>,
  ): Promise<Dispatcher.ResponseData> {
    const { url, token } = this.address;
    return request(`${url.replace(/\/$/, '')}/v1/cache/${hash}`, {
      ...options,
      method,
      dispatcher: this.agent,
      headers: {
        ...(headers as Record<string, string>),
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
      },
    });
  }

  /** Ends a transfer that stands still. */
  private async moving<T>(work: (moved: (bytes: number) => void, signal: AbortSignal) => Promise<T>): Promise<T> {
    const { patience, slowest } = this.limits;
    const controller = new AbortController();
    let bytes = 0;
    const timer = setInterval(() => {
      if (bytes < (slowest * patience) / 1000) {
        const what = `it gave or took less than ${slowest / 1024} KiB/s for ${patience / 1000} s`;
        controller.abort(new Trouble('slow', what));
      }
      bytes = 0;
    }, patience);
    try {
      return await work((count) => void (bytes += count), controller.signal);
    } catch (error) {
      if (controller.signal.aborted) throw controller.signal.reason;
      throw error instanceof Trouble ? error : unreachable(error);
    } finally {
      clearInterval(timer);
    }
  }
}

/** So that it is not taken for an entry that is not whole. */
async function* untilBroken(body: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  try {
    yield* body;
  } catch (error) {
    throw unreachable(error);
  }
}

/** Where several addresses of a host were tried, the message is empty and the code says it. */
function unreachable(error: unknown): Trouble {
  const { message, code } = error as Error & { code?: string };
  return new Trouble('unreachable', `it cannot be reached: ${message || (code ?? String(error))}`);
}
