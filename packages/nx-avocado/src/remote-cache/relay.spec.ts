import { createServer } from 'node:http';
import type { RequestListener, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { limits } from './limits';
import { Relay } from './relay';

jest.setTimeout(60_000);

let entry: Buffer;
let server: Server | undefined;
let relay: Relay | undefined;
let warnings: string[];

beforeAll(async () => {
  const tar = pack();
  tar.entry({ name: 'code' }, Buffer.alloc(4));
  tar.entry({ name: 'terminalOutput' }, 'done');
  tar.finalize();
  const parts: Buffer[] = [];
  for await (const part of tar) parts.push(part as Buffer);
  entry = gzipSync(Buffer.concat(parts));
});
afterEach(async () => {
  await relay?.stop();
  server?.closeAllConnections();
  server?.close();
});

/** A relay before a server that answers so. */
async function before(listener: RequestListener, timeout?: string): Promise<void> {
  warnings = [];
  server = createServer(listener);
  await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  relay = await Relay.start(
    { url, token: 'secret' },
    limits({ NX_AVOCADO_REMOTE_CACHE_TIMEOUT: timeout }),
    (line) => void warnings.push(line),
  );
}

async function ask(method: string, path = '/v1/cache/1', token = relay!.address.token) {
  const body = method === 'PUT' ? { body: new Uint8Array(entry) } : {};
  const headers = { authorization: `Bearer ${token}` };
  const answer = await fetch(`${relay!.address.url}${path}`, { method, headers, ...body });
  return { status: answer.status, bytes: Buffer.from(await answer.arrayBuffer()) };
}

const statuses = async (...methods: string[]): Promise<number[]> => {
  const found: number[] = [];
  for (const method of methods) found.push((await ask(method)).status);
  return found;
};

test('a whole entry goes through, with the server’s own token', async () => {
  const seen: (string | undefined)[] = [];
  await before(({ headers, method, url }, response) => {
    seen.push(`${method} ${url} ${headers.authorization}`);
    response.end(entry);
  });
  expect((await ask('GET')).bytes.equals(entry)).toBe(true);
  expect(seen).toEqual(['GET /v1/cache/1 Bearer secret']);
  expect(warnings).toEqual([]);
});

test('nobody else on this machine is served', async () => {
  await before((_request, response) => void response.end(entry));
  expect((await ask('GET', '/v1/cache/1', 'guessed')).status).toBe(401);
  expect((await ask('GET', '/warnings', '')).status).toBe(401);
  expect((await ask('GET', '/v1/cache/..%2f1')).status).toBe(404);
  expect((await ask('DELETE')).status).toBe(404);
});

test.each([
  [401, 'REFUSED', 1],
  [403, 'REFUSED', 1],
  [500, 'FAILING', 2],
  [302, 'FAILING', 2],
])('reading gets %i: nothing is there, and one line says so', async (status, code, asked) => {
  let count = 0;
  await before((_request, response) => {
    count += 1;
    response.writeHead(status).end();
  });
  expect(await statuses('GET', 'GET')).toEqual([404, 404]);
  expect(warnings).toEqual([
    expect.stringMatching(new RegExp(`it answered ${status}\\. .*\\[REMOTE_CACHE_${code}\\]$`)),
  ]);
  expect(count).toBe(asked);
});

test.each([
  [200, 200, ''],
  [201, 200, ''],
  [409, 409, ''],
  [403, 403, ''],
  [401, 403, 'REFUSED'],
  [413, 403, 'TOO_LARGE'],
  [500, 403, 'FULL'],
  [507, 403, 'FULL'],
])('writing gets %i: Nx gets %i', async (status, given, code) => {
  await before((request, response) => {
    request.resume().on('end', () => response.writeHead(status).end());
  });
  expect(await statuses('PUT', 'PUT')).toEqual([given, given]);
  expect(warnings.map((line) => /\[REMOTE_CACHE_(\w+)\]$/.exec(line)?.[1])).toEqual(code ? [code] : []);
});

test('an answer that comes before the body was sent', async () => {
  entry = Buffer.concat([entry, Buffer.alloc(8 * 1024 * 1024)]);
  await before((_request, response) => void response.writeHead(403, { connection: 'close' }).end());
  expect(await statuses('PUT', 'PUT')).toEqual([403, 403]);
  entry = entry.subarray(0, entry.length - 8 * 1024 * 1024);
});

test('what breaks off is not there', async () => {
  await before((_request, response) => {
    response.writeHead(200, { 'content-length': entry.length }).write(entry.subarray(0, 20));
    setTimeout(() => response.destroy(), 20);
  });
  expect(await statuses('GET', 'GET')).toEqual([404, 404]);
  expect(warnings).toEqual([expect.stringContaining('[REMOTE_CACHE_UNREACHABLE]')]);
});

test.each<[string, RequestListener]>([
  ['never answers', () => undefined],
  [
    'gives a byte now and then',
    (_request, response) => {
      let at = 0;
      const timer = setInterval(() => response.write(entry.subarray(at, (at += 1))), 20);
      response.on('close', () => clearInterval(timer));
    },
  ],
  ['gives half an entry', (_request, response) => void response.write(entry.subarray(0, 40))],
])('a server that %s costs the time limit once', async (_what, listener) => {
  let count = 0;
  await before((...args) => {
    count += 1;
    listener(...args);
  }, '0.3');
  expect(await statuses('GET', 'GET', 'PUT')).toEqual([404, 404, 403]);
  expect(warnings).toEqual([expect.stringContaining('[REMOTE_CACHE_SLOW]')]);
  expect(count).toBe(1);
});

test('a server that is down', async () => {
  await before(() => undefined);
  await new Promise((resolve) => server!.close(resolve));
  expect(await statuses('GET', 'PUT')).toEqual([404, 403]);
  expect(warnings).toEqual([expect.stringMatching(/ECONNREFUSED.*\[REMOTE_CACHE_UNREACHABLE\]$/)]);
  // Where the relay has no terminal, a task asks it, once.
  const told = async (): Promise<unknown> => JSON.parse((await ask('GET', '/warnings')).bytes.toString());
  expect([await told(), await told()]).toEqual([warnings, []]);
});
