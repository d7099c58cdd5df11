import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { TestDocker } from './support/docker';
import { cleanEnvironment } from './support/nx';
import { TestWorkspace } from './support/workspace';
import { openTestFeed } from '../tools/test-feed/feed';
import { serveFeed } from '../tools/test-feed/server';
import type { FeedServer } from '../tools/test-feed/server';

jest.setTimeout(1_800_000);

const image = 'localhost/nx-avocado-test-sdk:2024-edge';
const yaml = 'examples/rust-vitals/avocado.yaml';
const project = 'examples/rust-vitals/.avocado/dev/qemux86-64';
let docker: TestDocker;
let server: FeedServer;
let workspace: TestWorkspace;

beforeAll(async () => {
  const feed = await openTestFeed();
  docker = new TestDocker();
  docker.docker('import', feed.imageTar, image);
  server = await serveFeed(feed, { host: docker.bridgeAddress() });
  workspace = new TestWorkspace('avocado-feed', ['examples/heartbeat']);
  workspace.reset();
  workspace.edit('nx.json', (text) =>
    text.replace('"feed": "debian"', '"feed": "avocado"').replace('"runner": "sandbox"', '"runner": "docker"'),
  );
  workspace.edit(yaml, (text) =>
    text
      .replace(/^ {2}image: .*$/m, `  image: ${image}\n  container_args: --env NX_TEST_ARGUMENT=given`)
      .replace(/^( *)avocado-sdk-toolchain: .*$/m, "$&\n$1nativesdk-avocado-vm: '*'"),
  );
  workspace.write('examples/rust-vitals/avocado.lock', '{ "version": 7, "targets": {} }\n');
  const locked = await run('g', 'nx-avocado:lock');
  expect(locked.code === 0 ? '' : locked.output).toBe('');
});
afterAll(async () => {
  await server?.close();
  docker?.docker('image', 'rm', '--force', image);
  docker?.stop();
});

const run = (...args: string[]) => workspace.nx(args, { AVOCADO_REPO_URL: server.url });
const json = <T>(file: string): T => JSON.parse(workspace.read(join(project, file))) as T;

test('dev:build makes OS image, initramfs and kernel of RPMs, the same bytes twice', async () => {
  const built = await run('run', 'dev:build');
  expect(built.code === 0 ? '' : built.output).toBe('');
  const images = ['rootfs.erofs', 'initramfs.cpio.zst', 'vmlinuz'].map((name) => join(project, 'rootfs', name));
  const before = images.map((path) => workspace.digest(path));
  expect(json('build/runtime/manifest.json')).toMatchObject({
    manifest_version: 2,
    runtime: { name: 'dev' },
    extensions: expect.arrayContaining([expect.objectContaining({ name: 'example-rust', version: '0.1.0' })]),
  });
  const again = await run('run', 'dev:rootfs', '--skip-nx-cache');
  expect(again.code === 0 ? '' : again.output).toBe('');
  expect(images.map((path) => workspace.digest(path))).toEqual(before);
});

test("dev:provision hands over to the SDK's stone and avocado-provision, with the project's container_args", async () => {
  const made = await run('run', 'dev:provision');
  expect(made.code === 0 ? '' : made.output).toBe('');
  expect(made.output).toContain("runs with the project's container_args: --env NX_TEST_ARGUMENT=given");
  expect(made.output).toContain('made avocado-os-qemux86-64.img of dev with example-rust-0.1.0');
  const { files } = json<{ files: { name: string; size: number }[] }>('provision/provision.json');
  expect(files.map(({ name }) => name)).toEqual(['avocado-os-qemux86-64.img']);
  // What is there already is kept, and no container starts for it.
  const starts = await docker.starts(async () => {
    expect((await run('run', 'dev:provision')).code).toBe(0);
  });
  expect(starts).toBe(0);
});

test('a profile runs each time, and keeps its state beside the sources', async () => {
  const state = 'examples/rust-vitals/.avocado/provision-sd.state';
  // Of an earlier run: the workspace is kept.
  rmSync(workspace.path(state), { force: true });
  for (const count of [1, 2]) {
    const made = await run('run', 'dev:provision', '--profile', 'sd');
    expect(made.code === 0 ? '' : made.output).toBe('');
    expect(workspace.read(state)).toBe(`${count}\n`);
  }
  const unknown = await run('run', 'dev:provision', '--profile', 'tegraflash');
  expect(unknown.code).not.toBe(0);
  expect(unknown.output).toContain('no profile tegraflash; there are img, sd');
});

test("dev:sdk-run runs a command in a container of the SDK, with its environment and the project's container_args", async () => {
  const script = 'echo "$NX_TEST_ARGUMENT $AVOCADO_TARGET"; command -v stone; exit 6';
  const { code, output } = await run('run', 'dev:sdk-run', '--', 'bash', '-c', script);
  expect(code).not.toBe(0);
  expect(output).toContain("runs with the project's container_args: --env NX_TEST_ARGUMENT=given");
  expect(output).toContain('given qemux86-64\n/opt/_avocado/qemux86-64/sdk/x86_64/usr/bin/stone\n');
  expect(output).toContain('ended with code 6');
});

test("dev:qemu boots a copy of the disk by the SDK's vm, up to its login", async () => {
  expect((await run('run', 'dev:provision')).code).toBe(0);
  const disk = join(project, 'provision/files/avocado-os-qemux86-64.img.zst');
  const before = workspace.digest(disk);
  const vm = spawn('npx', ['nx', 'run', 'dev:qemu', '--mem', '1024', '--host-fwd', '20522-:22'], {
    cwd: workspace.root,
    env: { ...cleanEnvironment(), CI: '1', NX_DAEMON: 'false', NX_TUI: 'false', AVOCADO_REPO_URL: server.url },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let output = '';
  for (const stream of [vm.stdout, vm.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const ended = new Promise((resolve) => vm.once('close', resolve));
  try {
    // Nx may break its output between any two characters of a console.
    for (let tries = 0; !output.replace(/\s/g, '').includes('login:'); tries++) {
      if (tries > 2400 || vm.exitCode !== null) throw new Error(output.slice(-8000));
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  } finally {
    // Nx itself: npx passes no signal on.
    process.kill(-(vm.pid ?? 0), 'SIGTERM');
    await ended;
  }
  expect(workspace.digest(disk)).toBe(before);
  for (let tries = 0; docker.containers().length > 0 && tries < 100; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  expect(docker.containers()).toEqual([]);
});
