import { cargoCross, sdkCompile } from '@nx-avocado/engine/compile';
import { loadConfigOrThrow } from '@nx-avocado/engine/config';
import { assembleExtension } from '@nx-avocado/engine/extension';
import { avocadoRequests, rootRequests } from '@nx-avocado/engine/feed';
import { sdkInstall } from '@nx-avocado/engine/lock';
import { sha256File } from '@nx-avocado/engine/store';
import type { TaskOutput } from '@nx-avocado/engine/task';
import { openTestFeed } from '../tools/test-feed/feed';
import { serveFeed } from '../tools/test-feed/server';
import type { FeedServer } from '../tools/test-feed/server';
import { FeedWorkspace } from './support/avocado-feed';

jest.setTimeout(900_000);

const project = { kind: 'extension', name: 'example-rust' } as const;
const machine = 'qemux86-64';
let server: FeedServer;
let workspace: FeedWorkspace;

beforeAll(async () => {
  const feed = await openTestFeed();
  server = await serveFeed(feed);
  workspace = new FeedWorkspace(feed, server.url);
});
afterAll(async () => {
  workspace?.remove();
  await server?.close();
});

const config = () => loadConfigOrThrow(workspace.path('app/avocado.yaml'), { machine });
const output = (task: string): TaskOutput => ({ task, path: `app/out/${task}` });

/** `sdk-install` of the debian feed, as it would be without the plugin option `feed: avocado`. */
async function debianSdk(): Promise<TaskOutput> {
  const { config: loaded } = config();
  const requests = rootRequests(loaded, project) as Record<string, string[]>;
  const sdk = output('debian');
  const options = { machine, outputPath: sdk.path, feed: 'debian', lock: 'refresh', lockDigest: '', project } as const;
  // A lock of its own: a lock is of one feed.
  await sdkInstall({ ...options, configFile: 'debian/avocado.yaml', requests }, workspace);
  return sdk;
}

async function avocadoSdk(): Promise<TaskOutput> {
  await workspace.install(avocadoRequests(config().config, project), { project });
  return { task: 'avocado', path: 'app/.avocado/example-rust/qemux86-64/sdk-install' };
}

/** Compiles rust-vitals one way and packs its extension. @returns sha256 of the image */
async function build(sdk: TaskOutput, way: 'scripts' | 'cargo'): Promise<string> {
  const { config: loaded } = config();
  const section = loaded.extensions['example-rust']!;
  const staged = output(`${sdk.task}-${way}`);
  const common = {
    ...{ machine, outputPath: staged.path, sdk, package: 'example-rust-app', extension: 'example-rust' },
    ...{ sourceRoot: 'app', source_date_epoch: 0 },
  };
  if (way === 'cargo') {
    const crate = { crate: 'app/ref-rust', profile: 'release', features: [], env: {} };
    await cargoCross({ ...common, ...crate }, workspace);
  } else {
    const scripts = { section: 'example-rust-app', compile: 'rust-compile.sh', install: 'rust-install.sh' };
    await sdkCompile({ ...common, ...scripts, exclude: ['out', 'overlay', 'avocado.lock'] }, workspace);
  }
  const image = output(`${sdk.task}-${way}-image`);
  const position = { file: 'app/avocado.yaml', line: 1, column: 1 };
  await assembleExtension(
    {
      ...{ machine, outputPath: image.path, sdk, sourceRoot: 'app', section, position, staged: [staged] },
      ...{ overlayEntries: [], executables: [], source_date_epoch: 0 },
    },
    workspace,
  );
  return sha256File(workspace.path(`${image.path}/example-rust-0.1.0.raw`));
}

test('rust-vitals from main.rs to its image: by scripts, by cargo-cross, and as on the debian feed, byte for byte', async () => {
  const avocado = await avocadoSdk();
  const image = await build(avocado, 'scripts');
  expect(await build(avocado, 'cargo')).toBe(image);
  expect(await build(await debianSdk(), 'scripts')).toBe(image);
});
