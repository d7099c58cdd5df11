import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { RequestListener, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { RemoteCache } from './support/remote-cache';
import { TestWorkspace } from './support/workspace';
import type { NxResult } from './support/workspace';

/**
 * Nx’s remote cache, served as docs/remote-cache.md says: shared by two clones, and whatever can go wrong with it.
 * The second clone has nothing of its own but the packages of the store.
 */
const scratch = mkdtempSync(join(tmpdir(), 'nx-avocado-remote-'));
const first = new TestWorkspace();
const second = new TestWorkspace('remote-cache');
let cache: RemoteCache;
/** The first run of each. */
let filled: NxResult;
/** What faults are tried on: few tasks, little time. */
const build = ['run', 'example-rust:build'];

jest.setTimeout(10 * 60_000);

beforeAll(async () => {
  cache = await RemoteCache.start();
  first.reset();
  second.reset();
  // Of what stands there already, Nx stores only what it could look up before the run.
  for (const path of Object.keys(first.outputs('examples'))) {
    if (/[/](build|provision)[/]manifest\.json$/.test(path)) rmSync(first.path(dirname(path)), { recursive: true });
  }
  filled = await first.nx(['run', 'dev:provision'], { ...cache.env(cache.writeToken), ...emptyCache() });
});
afterAll(async () => {
  await cache.stop();
  for (const directory of [scratch, second.root]) rmSync(directory, { recursive: true, force: true });
});

/** Nx’s own, on this machine. */
function emptyCache(): Record<string, string> {
  const directory = mkdtempSync(join(scratch, 'nx-'));
  return { NX_CACHE_DIRECTORY: join(directory, 'cache'), NX_WORKSPACE_DATA_DIRECTORY: join(directory, 'data') };
}

const warnings = ({ output }: NxResult): string[] => output.match(/^.*\[REMOTE_CACHE_\w+\]$/gm) ?? [];
const ran = ({ tasks }: NxResult): string[] => Object.keys(tasks).filter((task) => tasks[task] === 'ran');

describe('two clones', () => {
  const store = join(scratch, 'store');
  const env = (): Record<string, string> => ({ NX_AVOCADO_STORE: store });

  test('the first one stores everything once', () => {
    expect(`${filled.code} ${filled.output}`).toMatch(/^0 /);
    expect(warnings(filled)).toEqual([]);
    const puts = cache.log().filter(({ method }) => method === 'PUT');
    expect(puts.map(({ status }) => status)).toEqual(puts.map(() => 201));
    expect(puts.map(({ hash }) => hash).sort()).toEqual(cache.stored());
    expect(cache.incoming()).toEqual([]);
  });

  test('an extension costs at most its image and 4 KB; nothing stores a target directory or a disk', () => {
    const images = cache.stored().flatMap((hash) => {
      const entry = cache.entry(hash);
      const files = execFileSync('tar', ['--list', '--verbose', '--gzip', `--file=${entry}`], { encoding: 'utf8' })
        .trimEnd()
        .split('\n')
        .map((line) => line.split(/\s+/))
        .map((words) => ({ size: Number(words[2]), path: words[5] ?? '' }));
      const paths = files.map(({ path }) => path);
      expect(paths.filter((path) => /(^|\/)target\/|disk\.raw$/.test(path))).toEqual([]);
      const image = files.find(({ path }) => path.endsWith('.raw'));
      return image ? [{ path: image.path, over: statSync(entry).size - image.size }] : [];
    });
    // Images are compressed already: what the entry has beside them is what counts.
    expect(images.length).toBeGreaterThanOrEqual(5);
    expect(images.filter(({ over }) => over > 4096)).toEqual([]);
  });

  test('the second one gets all of it without an SDK, and boots it', async () => {
    linkPackages(store);
    const provisioned = await second.nx(['run', 'dev:provision'], {
      ...env(),
      ...cache.env(cache.readToken),
      ...emptyCache(),
    });
    expect(`${provisioned.code} ${provisioned.output}`).toMatch(/^0 /);
    expect(Object.keys(provisioned.tasks).length).toBeGreaterThan(5);
    expect(ran(provisioned)).toEqual([]);
    expect(readdirSync(store)).not.toContain('roots');
    expect(second.outputs('examples')).toEqual(outputsOf(first, Object.keys(second.outputs('examples'))));
    const booted = await second.nx(['run', 'dev:boot-test'], { ...env(), ...cache.env(cache.readToken) });
    expect(`${booted.code} ${booted.output}`).toMatch(/^0 /);
    // What it was compiled with is not there even now.
    const roots = readdirSync(join(store, 'roots')).map((name) => join(store, 'roots', name));
    expect(roots.filter((root) => JSON.stringify(readdirSync(root)).includes('cargo'))).toEqual([]);
  });
});

/** The store with nothing in it but the packages that this machine has already. */
function linkPackages(store: string): void {
  const from = join(
    process.env['NX_AVOCADO_STORE'] ?? join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'nx-avocado'),
    'debs',
  );
  mkdirSync(join(store, 'debs'), { recursive: true });
  for (const name of readdirSync(from).filter((name) => name.endsWith('.deb'))) {
    execFileSync('ln', ['--force', join(from, name), join(store, 'debs', name)]);
  }
}

function outputsOf(workspace: TestWorkspace, paths: string[]): Record<string, string> {
  return Object.fromEntries(paths.map((path) => [path, workspace.digest(path)]));
}

/** One task, with nothing of it on this machine but what it is made of. */
function rebuild(env: Record<string, string>): Promise<NxResult> {
  second.forgetOutputs();
  return second.nx(build, { ...env, ...emptyCache(), NX_AVOCADO_REMOTE_CACHE_TIMEOUT: '3' });
}

/** The build is made here, and one line says why. */
function expectLocalWork(result: NxResult, code: string): void {
  expect(`${result.code} ${result.output}`).toMatch(/^0 /);
  expect(ran(result)).toContain('example-rust:build');
  expect(warnings(result)).toEqual([expect.stringContaining(`[REMOTE_CACHE_${code}]`)]);
}

describe('a remote cache that fails costs a line and local work', () => {
  test('down', async () => {
    await cache.pause();
    const result = await rebuild(cache.env(cache.writeToken));
    await cache.resume();
    expectLocalWork(result, 'UNREACHABLE');
  });

  test.each<[string, RequestListener, string]>([
    ['accepts, and never answers', () => undefined, 'SLOW'],
    ['answers 500', (_request, response) => void response.writeHead(500).end(), 'FAILING'],
  ])('a server that %s', async (_what, listener, code) => {
    const server: Server = createServer(listener);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const result = await rebuild({ ...cache.env(cache.readToken), ...at(port) });
    server.closeAllConnections();
    server.close();
    const { code: exit, output } = result;
    expect(`${exit} ${output}`).toMatch(/^0 /);
    expect(warnings(result).join('\n')).toContain(`[REMOTE_CACHE_${code}]`);
    expect(ran(result)).toContain('example-rust:build');
  });

  test('a token that it does not know', async () => {
    expectLocalWork(await rebuild(cache.env('unknown')), 'REFUSED');
  });

  test('a disk that takes nothing', async () => {
    cache.clear();
    cache.writable(false);
    const result = await rebuild(cache.env(cache.writeToken));
    cache.writable(true);
    expectLocalWork(result, 'FULL');
    expect([cache.stored(), cache.incoming()]).toEqual([[], []]);
  });

  test('entries over its limit', async () => {
    const small = await RemoteCache.start({ limit: '1k' });
    const result = await rebuild(small.env(small.writeToken));
    await small.stop();
    expectLocalWork(result, 'TOO_LARGE');
  });

  test.each<[string, (entry: Buffer) => Buffer]>([
    ['cut off', (entry) => entry.subarray(0, entry.length / 2)],
    [
      'with a bit changed',
      (entry) => Buffer.from(entry.map((byte, at) => (at === entry.length >> 1 ? byte ^ 1 : byte))),
    ],
    // Packed anew, so that nothing but the manifest tells: the archive and its sums are right.
    ['with another image in it', (entry) => gzipSync(tampered(gunzipSync(entry)))],
  ])('entries %s: never a wrong image', async (_what, change) => {
    cache.clear();
    const whole = await rebuild(cache.env(cache.writeToken));
    expect(`${whole.code} ${whole.output}`).toMatch(/^0 /);
    const outputs = second.outputs('examples');
    for (const hash of cache.stored()) writeFileSync(cache.entry(hash), change(readFileSync(cache.entry(hash))));
    expectLocalWork(await rebuild(cache.env(cache.readToken)), 'DAMAGED');
    expect(second.outputs('examples')).toEqual(outputs);
  });
});

/** With another first byte in each file that a manifest of ours lists: images, archives, descriptors. */
function tampered(archive: Buffer): Buffer {
  const bytes = Buffer.from(archive);
  for (let header = 0; header + 512 <= bytes.length;) {
    const name = bytes.toString('latin1', header, header + 100).replace(/\0.*$/s, '');
    const size = parseInt(bytes.toString('latin1', header + 124, header + 136), 8) || 0;
    if (/\.(raw|tar)$|sdk\.json$/.test(name)) bytes[header + 512]! ^= 0xff;
    header += 512 + Math.ceil(size / 512) * 512;
  }
  return bytes;
}

function at(port: number): Record<string, string> {
  return { NX_SELF_HOSTED_REMOTE_CACHE_SERVER: `http://127.0.0.1:${port}` };
}

describe('who may do what', () => {
  const put = (hash: string, token?: string): string => {
    const file = join(scratch, 'body');
    writeFileSync(file, hash);
    const bearer = token === undefined ? [] : ['--header', `authorization: Bearer ${token}`];
    const args = ['--silent', '--output', '/dev/null', '--write-out', '%{http_code}', '--upload-file', file];
    const ca = ['--cacert', cache.env('')['NODE_EXTRA_CA_CERTS']!];
    return execFileSync('curl', [...args, ...bearer, ...ca, `${cache.url}/v1/cache/${hash}`], { encoding: 'utf8' });
  };

  test('no token 401, a reading one 403, and an entry is never replaced', () => {
    expect([put('1'), put('1', cache.readToken), put('1', cache.writeToken), put('1', cache.writeToken)]).toEqual([
      '401',
      '403',
      '201',
      '409',
    ]);
    expect(put('..%2f..%2fx', cache.writeToken)).toBe('404');
  });

  test('a reading token writes nothing, and the build passes without a word', async () => {
    cache.clear();
    const result = await rebuild(cache.env(cache.readToken));
    expect(`${result.code} ${result.output}`).toMatch(/^0 /);
    expect(warnings(result)).toEqual([]);
    expect(cache.stored()).toEqual([]);
    expect(cache.log().filter(({ method }) => method === 'PUT')).toEqual([expect.objectContaining({ status: 403 })]);
  });
});
