import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { createServer as createHttp } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer as createHttps } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join, normalize } from 'node:path';
import type { Certificates } from './certificates';
import { snapshots } from './feed';
import type { Snapshot, TestFeed } from './feed';
import { channel, groups, machineName, release } from './layout';

/** What the server does to a request instead of answering it. `stalled`: nothing, for ever. */
export type Fault = 'missing' | 'truncated' | 'corrupt' | 'stalled' | 'error';

/** How the feed answers; tests change it while it runs. */
export interface FeedState {
  /** What the channel's head is. */
  head: Snapshot;
  /** Those that can still be had. */
  kept: Snapshot[];
  /** Whether the feed has snapshots at all. */
  pointer: boolean;
  /** `name:password` that it asks for. */
  login?: string;
  fault(path: string): Fault | undefined;
}

export interface FeedServer {
  /** What `distro.repo.url` says. */
  url: string;
  state: FeedState;
  /** Paths that were asked for, in order. */
  requests: string[];
  close(): Promise<void>;
}

/** Serves the feed on a free port. `certificates`: by TLS. `host`: the address to listen at; loopback unless told. */
export async function serveFeed(
  feed: TestFeed,
  { certificates, host = '127.0.0.1' }: { certificates?: Certificates; host?: string } = {},
): Promise<FeedServer> {
  const state: FeedState = { head: snapshots[0], kept: [...snapshots], pointer: true, fault: () => undefined };
  const requests: string[] = [];
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    const path = decodeURIComponent(new URL(request.url ?? '/', 'http://feed').pathname);
    requests.push(path);
    const given = Buffer.from(request.headers.authorization?.slice('Basic '.length) ?? '', 'base64').toString();
    if (state.login !== undefined && given !== state.login) return void response.writeHead(401).end();
    void respond(feed, state, path, response).catch(() => response.destroy());
  };
  const server = certificates
    ? createHttps({ cert: certificates.certificate, key: certificates.key }, answer)
    : createHttp(answer);
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `${certificates ? 'https' : 'http'}://${host === '0.0.0.0' ? '127.0.0.1' : host}:${port}`,
    state,
    requests,
    close: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

async function respond(feed: TestFeed, state: FeedState, path: string, response: ServerResponse): Promise<void> {
  const fault = state.fault(path);
  if (fault === 'stalled') return;
  if (fault === 'error') return void response.writeHead(500).end();
  const document = documents(state)[path];
  if (document !== undefined && fault === undefined) return void response.end(JSON.stringify(document));
  const file = fault === 'missing' ? undefined : locate(feed, state, path);
  const found = file === undefined ? undefined : await stat(file).catch(() => undefined);
  if (file === undefined || !found?.isFile()) return void response.writeHead(404).end();
  response.setHeader('content-length', found.size);
  if (fault === undefined) return void createReadStream(file).pipe(response);
  const bytes = await readFile(file);
  if (fault === 'truncated') {
    response.write(bytes.subarray(0, Math.floor(bytes.length / 2)));
    return void setTimeout(() => response.destroy(), 50);
  }
  bytes[bytes.length - 1] = bytes[bytes.length - 1]! ^ 0xff;
  response.end(bytes);
}

/** Small documents beside the repositories. */
function documents(state: FeedState): Record<string, unknown> {
  const base = `/${release}/${channel}`;
  const repositories = Object.values(groups).map(({ repository }) => repository);
  return {
    [`${base}/targets.json`]: { [machineName]: repositories },
    ...(state.pointer && {
      [`${base}/target/${machineName}/snapshots-latest.json`]: { id: state.head, created: '2025-01-01T00:00:00Z' },
    }),
  };
}

function locate({ directory }: TestFeed, { head, kept }: FeedState, path: string): string | undefined {
  const [, pinned, rest] = /^\/2024\/edge(?:\/snapshots\/([^/]+))?\/(.+)$/.exec(path) ?? [];
  const snapshot = pinned ?? head;
  if (rest === undefined || !kept.some((id) => id === snapshot)) return undefined;
  const file = normalize(rest);
  return file.startsWith('..') ? undefined : join(directory, snapshot, file);
}
