import type { Lock } from '@nx-avocado/engine/lock';
import { TestDocker } from './support/docker';
import { TestWorkspace } from './support/workspace';
import { openTestFeed } from '../tools/test-feed/feed';
import { serveFeed } from '../tools/test-feed/server';
import type { FeedServer } from '../tools/test-feed/server';

jest.setTimeout(900_000);

const image = 'localhost/nx-avocado-test-sdk:2024-edge';
const raw = 'examples/rust-vitals/.avocado/example-rust/qemux86-64/build/example-rust-0.1.0.raw';
let docker: TestDocker;
let server: FeedServer;
let workspace: TestWorkspace;

beforeAll(async () => {
  const feed = await openTestFeed();
  docker = new TestDocker();
  docker.docker('import', feed.imageTar, image);
  // Where containers reach this machine.
  server = await serveFeed(feed, { host: docker.bridgeAddress() });
  workspace = new TestWorkspace('avocado-feed', ['examples/heartbeat']);
  workspace.reset();
});
afterAll(async () => {
  await server?.close();
  docker?.docker('image', 'rm', '--force', image);
  docker?.stop();
});

function avocado(): void {
  workspace.edit('nx.json', (text) =>
    text.replace('"feed": "debian"', '"feed": "avocado"').replace('"runner": "sandbox"', '"runner": "docker"'),
  );
  workspace.edit('examples/rust-vitals/avocado.yaml', (text) => text.replace(/^ {2}image: .*$/m, `  image: ${image}`));
  workspace.write('examples/rust-vitals/avocado.lock', '{ "version": 7, "targets": {} }\n');
}

const run = (...args: string[]) => workspace.nx(args, { AVOCADO_REPO_URL: server.url });

test('nx run example-rust:build: dnf, rpm and cargo in containers, and the image of the sandbox on the debian feed', async () => {
  const debian = await run('run', 'example-rust:build');
  expect(debian.code === 0 ? '' : debian.output).toBe('');
  const expected = workspace.digest(raw);
  avocado();
  const built = await run('run', 'example-rust:build', '--skip-nx-cache');
  expect(built.code === 0 ? '' : built.output).toBe('');
  expect(built.tasks).toMatchObject({ 'example-rust:sdk-install': 'ran', 'example-rust:build': 'ran' });
  expect(workspace.digest(raw)).toBe(expected);
  expect(workspace.read('examples/rust-vitals/avocado.lock')).not.toContain(server.url);

  // The lock is part of the key, and it is there only now.
  expect((await run('run', 'example-rust:build')).code).toBe(0);
  // Nothing changed: nothing runs, and no container starts.
  const starts = await docker.starts(async () => {
    const again = await run('run', 'example-rust:build');
    expect(Object.values(again.tasks)).not.toContain('ran');
  });
  expect(starts).toBe(0);
});

test('nx g nx-avocado:lock pins package extensions with what they say, and they build', async () => {
  const locked = await run('g', 'nx-avocado:lock');
  expect(locked.code === 0 ? '' : locked.output).toBe('');
  const lock = JSON.parse(workspace.read('examples/rust-vitals/avocado.lock')) as Lock;
  expect(lock.rpm?.includes?.['qemux86-64']?.['avocado-ext-dev']).toMatchObject({
    version: '1.0.0-r0.noarch',
    directory: 'avocado-ext-dev',
    config: expect.stringContaining('overlay: overlay'),
  });
  // As the avocado CLI has them.
  expect(lock.targets['qemux86-64']).toMatchObject({
    extensions: { 'avocado-ext-dev': { source: { type: 'package', package: 'avocado-ext-dev', version: '1.0.0' } } },
    runtimes: { dev: { extensions: { 'avocado-ext-dev': expect.any(Object), 'example-rust': expect.any(Object) } } },
  });
  const built = await run('run', 'avocado-ext-dev:build');
  expect(built.code === 0 ? '' : built.output).toBe('');
  expect(
    workspace.exists('examples/rust-vitals/.avocado/avocado-ext-dev/qemux86-64/build/avocado-ext-dev-1.0.0.raw'),
  ).toBe(true);
  // Everything is pinned: nothing is to be done, and no container starts.
  const starts = await docker.starts(async () => {
    const checked = await run('sync:check');
    expect(checked.output).not.toContain('avocado.lock');
  });
  expect(starts).toBe(0);
});
