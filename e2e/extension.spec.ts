import { createReadStream, createWriteStream, existsSync, readFileSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, open, readFile, readdir, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { pack } from 'tar-stream';
import type { ExtensionSection, Filesystem, UserSection } from '@nx-avocado/engine/config';
import { assembleExtension } from '@nx-avocado/engine/extension';
import { feedData, machine, openRoot, rootSpec } from '@nx-avocado/engine/feed';
import type { RootSpec, SdkDescriptor } from '@nx-avocado/engine/feed';
import { emptyLock, lockSlice, resolveInto } from '@nx-avocado/engine/lock';
import { silentReporter } from '@nx-avocado/engine/report';
import { createSandboxRunner } from '@nx-avocado/engine/sdk';
import type { SdkRoot } from '@nx-avocado/engine/sdk';
import { imageId, sha256File, verifyManifest, writeManifest } from '@nx-avocado/engine/store';
import type { ExtensionAssembleOptions, TaskContext } from '@nx-avocado/engine/task';

/** The real image tools in their root, the real sandbox, real packages of the feed. */
const runner = createSandboxRunner();
const target = machine('qemux86-64');
let specs: { tools: RootSpec; extension: RootSpec };
let tools: SdkRoot;
/** By digest: opened once, before a test moves the store. */
const opened = new Map<string, SdkRoot>();

beforeAll(async () => {
  const base = feedData().packages.rootfs?.['avocado-pkg-rootfs'] ?? [];
  const requests = { tools: feedData().roots.tools.base ?? [], extension: ['tree'], base };
  const project = { kind: 'extension', name: 'app' } as const;
  const want = { project, machine: target.name, requests };
  const roots = lockSlice(await resolveInto(emptyLock(), [want], { reporter: silentReporter }), project, target)?.roots;
  specs = {
    tools: rootSpec('tools', target, roots?.tools ?? []),
    extension: rootSpec('extension', target, roots?.extension ?? []),
  };
  tools = await openRoot(specs.tools, { reporter: silentReporter });
  for (const one of [tools, await openRoot(specs.extension, { reporter: silentReporter })]) opened.set(one.digest, one);
}, 100_000);

let workspaces: string[] = [];
afterEach(async () => {
  for (const workspace of workspaces) await rm(workspace, { recursive: true, force: true });
  workspaces = [];
});

const section = (given: Partial<ExtensionSection> = {}): ExtensionSection => ({
  name: 'app',
  version: '0.1.0',
  package_files: [],
  types: ['sysext', 'confext'],
  packages: {},
  sdk: { packages: {} },
  enable_services: [],
  on_merge: [],
  on_unmerge: [],
  modprobe: [],
  reload_service_manager: false,
  sysext_scopes: ['system'],
  confext_scopes: ['system'],
  filesystem: 'erofs-lz4',
  image: { type: 'raw' },
  var_files: [],
  docker_images: [],
  subvolumes: {},
  users: {},
  groups: {},
  stone_include_paths: [],
  extensions: [],
  ...given,
});
const root: UserSection = {
  password: '',
  shell: '/bin/sh',
  groups: [],
  last_change: 19000,
  min_days: 0,
  max_days: 99999,
  warn_days: 7,
  disabled: false,
  system: false,
};
const everything: Partial<ExtensionSection> = {
  overlay: { dir: 'overlay', mode: 'merge', preprocess: ['etc/app/*'] },
  enable_services: ['app.service'],
  on_merge: [`sh -c 'echo "merged" > /run/app'`],
  post_build: 'post-build.sh',
  var_files: ['var/lib/app/**'],
  users: { root },
};

/** A workspace as the plugin would leave it, its files in the given order. */
class Workspace {
  readonly warnings: string[] = [];
  readonly notices: string[] = [];

  private constructor(readonly path: string) {}

  static async make(order: 1 | -1 = 1, parent = tmpdir(), omitted: SdkDescriptor['omitted'] = {}): Promise<Workspace> {
    const workspace = new Workspace(await mkdtemp(join(parent, 'extension-')));
    workspaces.push(workspace.path);
    const unit = '[Service]\nExecStart=/usr/bin/app\n[Install]\nWantedBy=multi-user.target\n';
    const files: [string, string, number?][] = [
      ['app/overlay/usr/lib/systemd/system/app.service', unit],
      ['app/overlay/usr/lib/tmpfiles.d/app.conf', 'd /run/app\n'],
      ['app/overlay/usr/bin/tool', '#!/bin/sh\n', 0o755],
      ['app/overlay/etc/app/target', '{{ avocado.target }}\n'],
      ['app/overlay/var/lib/app/data', 'data\n'],
      [
        'app/post-build.sh',
        'set -eu\necho "$AVOCADO_EXT_NAME $AVOCADO_TARGET" > $AVOCADO_BUILD_EXT_SYSROOT/usr/built\n',
      ],
      ...Array.from({ length: 30 }, (_, at): [string, string] => [
        `app/overlay/usr/share/app/${at}`,
        `${at}`.repeat(at * 500),
      ]),
    ];
    for (const [name, text, mode] of order === 1 ? files : files.reverse()) {
      await mkdir(dirname(workspace.file(name)), { recursive: true });
      await writeFile(workspace.file(name), text);
      if (mode !== undefined) await chmod(workspace.file(name), mode);
    }
    const descriptor: SdkDescriptor = { version: 1, feed: 'debian', machine: target.name, roots: specs, omitted };
    await workspace.output('sdk', { 'sdk.json': JSON.stringify(descriptor) });
    await workspace.output('rootfs', {
      'accounts/passwd': 'root:x:0:0:root:/root:/bin/bash\n',
      'accounts/shadow': 'root:*:19000:0:99999:7:::\n',
      'accounts/group': 'root:x:0:\n',
      'accounts/gshadow': 'root:*::\n',
    });
    const tar = pack();
    tar.entry({ name: 'usr/bin/app', mode: 0o755 }, '#!/bin/sh\necho app\n');
    tar.finalize();
    await mkdir(workspace.file('compile'));
    await pipeline(tar, createWriteStream(workspace.file('compile/app.tar')));
    await writeManifest(workspace.file('compile'), ['app.tar']);
    return workspace;
  }

  file(name: string): string {
    return join(this.path, name);
  }

  async output(name: string, files: Record<string, string>): Promise<void> {
    for (const [file, text] of Object.entries(files)) {
      await mkdir(dirname(this.file(`${name}/${file}`)), { recursive: true });
      await writeFile(this.file(`${name}/${file}`), text);
    }
    await writeManifest(this.file(name), Object.keys(files));
  }

  context(signal = new AbortController().signal): TaskContext {
    const reporter = {
      ...silentReporter,
      warn: (text: string) => this.warnings.push(text),
      notice: (text: string) => this.notices.push(text),
    };
    return {
      workspaceRoot: this.path,
      reporter,
      signal,
      runner,
      openRoot: async (spec) => opened.get(spec.digest) ?? openRoot(spec, { reporter, signal }),
    };
  }

  options(given: Partial<ExtensionSection> = {}): ExtensionAssembleOptions {
    return {
      machine: target.name,
      outputPath: 'out/build',
      sdk: { task: 'app:sdk-install', path: 'sdk' },
      sourceRoot: 'app',
      section: section(given),
      position: { file: 'app/avocado.yaml', line: 5, column: 3 },
      staged: [{ task: 'app:compile', path: 'compile' }],
      rootfs: { task: 'dev:rootfs', path: 'rootfs' },
      executables: ['app/overlay/usr/bin/tool'],
      preprocessValues: { 'avocado.target': target.name },
      source_date_epoch: 0,
    };
  }

  assemble(given: Partial<ExtensionSection> = {}, signal?: AbortSignal) {
    return assembleExtension(this.options(given), this.context(signal));
  }

  /** `-rw-r--r-- 0/0 size date time path` of everything in the squashfs image of the last build. */
  async list(): Promise<string[]> {
    const { stdout } = await runner.run(
      {
        root: tools,
        argv: ['unsquashfs', '-lls', '-UTC', '-d', '', '/mnt/app-0.1.0.raw'],
        mounts: [{ source: this.file('out/build'), target: '/mnt' }],
        label: 'list the image',
      },
      silentReporter,
    );
    return stdout.split('\n').filter((line) => /^[-dlcbps][rwxsStT-]{9} /.test(line));
  }

  /** Unpacks the erofs image of the last build. */
  async unpack(): Promise<string> {
    const to = this.file('unpacked');
    await mkdir(to);
    await runner.run(
      {
        root: tools,
        argv: ['fsck.erofs', '--extract=/opt/to', '--overwrite', '/mnt/app-0.1.0.raw'],
        mounts: [
          { source: this.file('out/build'), target: '/mnt' },
          { source: to, target: '/opt/to', writable: true },
        ],
        label: 'unpack the image',
      },
      silentReporter,
    );
    return to;
  }
}

test('an extension with everything', async () => {
  const workspace = await Workspace.make();
  const record = await workspace.assemble(everything);
  const { files } = await verifyManifest(workspace.file('out/build'), 'app:build');
  expect(Object.keys(files)).toEqual(['app-0.1.0.raw', 'extension.json', 'var.tar']);
  expect(JSON.parse(await readFile(workspace.file('out/build/extension.json'), 'utf8'))).toEqual(record);
  const raw = files['app-0.1.0.raw'];
  expect(record).toMatchObject({
    name: 'app',
    version: '0.1.0',
    machine: 'qemux86-64',
    image: { file: 'app-0.1.0.raw', ...raw, image_id: imageId(raw?.sha256 ?? ''), filesystem: 'erofs-lz4' },
    packages: { tree: expect.stringMatching(/^\d/) },
  });
  expect(workspace.warnings).toEqual(record.warnings);
  expect(record.warnings).toEqual([expect.stringContaining('user root has an empty password')]);

  const to = await workspace.unpack();
  const read = (path: string) => readFileSync(join(to, path), 'utf8');
  expect(read('usr/bin/app')).toContain('echo app');
  expect(read('usr/built')).toBe('app qemux86-64\n');
  expect(read('etc/app/target')).toBe('qemux86-64\n');
  expect(read('etc/shadow')).toBe('root::19000:0:99999:7:::\n');
  expect(existsSync(join(to, 'usr/bin/tree'))).toBe(true);
  expect((await readdir(to)).sort()).toEqual(['etc', 'usr']);
  expect(existsSync(join(to, 'usr/share/doc'))).toBe(false);
  expect(await readdir(join(to, 'etc/systemd/system/multi-user.target.wants'))).toEqual(['app.service']);
  const command = String.raw`AVOCADO_ON_MERGE="sh -c 'echo \"merged\" > /run/app'"`;
  expect(read('usr/lib/extension-release.d/extension-release.app-0.1.0')).toBe(
    `ID=_any\nEXTENSION_RELOAD_MANAGER=0\nSYSEXT_SCOPE=system\nAVOCADO_ON_MERGE="systemd-tmpfiles --create"\n${command}\n`,
  );
  expect(read('etc/extension-release.d/extension-release.app-0.1.0')).toBe(
    `ID=_any\nEXTENSION_RELOAD_MANAGER=0\nCONFEXT_SCOPE=system\n${command}\nAVOCADO_ENABLE_SERVICES="app.service"\n`,
  );
}, 120_000);

test.each<Filesystem>(['erofs', 'erofs-lz4', 'erofs-zst', 'squashfs'])(
  'the same bytes from another directory, order of files, umask and time: %s',
  async (filesystem) => {
    const one = await Workspace.make();
    await one.assemble({ ...everything, filesystem });
    const umask = process.umask(0o077);
    const zone = process.env['TZ'];
    const store = process.env['NX_AVOCADO_STORE'];
    try {
      process.env['TZ'] = 'Pacific/Kiritimati';
      process.env['NX_AVOCADO_STORE'] = await mkdtemp('/dev/shm/store-');
      workspaces.push(process.env['NX_AVOCADO_STORE']);
      // A tmpfs lists a directory in the reverse of the order that its files were made in: sources and sysroot both.
      const two = await Workspace.make(-1, '/dev/shm');
      await two.assemble({ ...everything, filesystem });
      for (const file of ['app-0.1.0.raw', 'extension.json', 'var.tar', 'manifest.json']) {
        expect([file, await sha256File(two.file(`out/build/${file}`))]).toEqual([
          file,
          await sha256File(one.file(`out/build/${file}`)),
        ]);
      }
    } finally {
      process.umask(umask);
      restore('TZ', zone);
      restore('NX_AVOCADO_STORE', store);
    }
  },
  120_000,
);

test('all of root, all of one time, modes as they should be', async () => {
  const workspace = await Workspace.make();
  await workspace.assemble({ ...everything, filesystem: 'squashfs' });
  const lines = await workspace.list();
  expect(lines.filter((line) => !/^\S+ root\/root .* 1970-01-01 00:00 /.test(line))).toEqual([]);
  const mode = (path: string) => lines.find((line) => line.endsWith(` ${path}`))?.slice(0, 10);
  expect(
    ['/usr/bin/app', '/usr/bin/tool', '/etc/app/target', '/etc/shadow', '/usr/share', '/usr/built'].map((path) =>
      mode(path),
    ),
  ).toEqual(['-rwxr-xr-x', '-rwxr-xr-x', '-rw-r--r--', '-rw-------', 'drwxr-xr-x', '-rw-r--r--']);
}, 120_000);

test('each build starts from nothing; a renamed version leaves no trace of the old one', async () => {
  const workspace = await Workspace.make();
  await workspace.assemble(everything);
  await rm(workspace.file('app/overlay/usr/bin/tool'));
  await workspace.assemble({ ...everything, version: '0.2.0', var_files: [] });
  expect((await readdir(workspace.file('out/build'))).sort()).toEqual([
    'app-0.2.0.raw',
    'extension.json',
    'manifest.json',
  ]);
  const fresh = await Workspace.make();
  await rm(fresh.file('app/overlay/usr/bin/tool'));
  await fresh.assemble({ ...everything, version: '0.2.0', var_files: [] });
  const image = 'out/build/app-0.2.0.raw';
  expect(await sha256File(workspace.file(image))).toBe(await sha256File(fresh.file(image)));
}, 120_000);

test('an extension without any content, and one that the feed leaves out', async () => {
  const workspace = await Workspace.make(1, tmpdir(), { 'avocado-ext-connect': "it is the agent of a vendor's cloud" });
  const options = { ...workspace.options(), staged: [] };
  await workspace.output('sdk', {
    'sdk.json': JSON.stringify({
      version: 1,
      feed: 'debian',
      machine: target.name,
      roots: { tools: specs.tools },
      omitted: { 'avocado-ext-connect': 'it is the agent of a cloud' },
    }),
  });
  const empty = await assembleExtension(options, workspace.context());
  expect(empty).toMatchObject({ packages: {}, warnings: [], image: { file: 'app-0.1.0.raw' } });

  const source = { type: 'package', package: 'avocado-ext-connect', version: '*' } as const;
  const unversioned = section({ name: 'avocado-ext-connect', source });
  delete unversioned.version;
  const omitted = await assembleExtension({ ...options, section: unversioned }, workspace.context());
  expect(omitted.omitted).toBe('it is the agent of a cloud');
  expect((await readdir(workspace.file('out/build'))).sort()).toEqual(['extension.json', 'manifest.json']);
  expect(workspace.notices).toEqual(['extension avocado-ext-connect is left out: it is the agent of a cloud']);
}, 120_000);

describe('a failure names its cause and leaves the last good output', () => {
  interface Failure {
    what: string;
    given: Partial<ExtensionSection>;
    code: string;
    message: RegExp;
    harm?: (workspace: Workspace) => Promise<unknown>;
  }
  const script = { post_build: 'post-build.sh' };
  const writes = (text: string) => (workspace: Workspace) => writeFile(workspace.file('app/post-build.sh'), text);
  const failures: Failure[] = [
    {
      what: 'a missing overlay',
      given: { overlay: { dir: 'gone', mode: 'merge', preprocess: false } },
      code: 'OVERLAY_MISSING',
      message: /app\/gone/,
    },
    {
      what: 'a missing unit',
      given: { ...everything, enable_services: ['no.service'] },
      code: 'UNIT_MISSING',
      message: /no\.service/,
    },
    { what: 'a missing script', given: { post_build: 'gone.sh' }, code: 'SCRIPT_MISSING', message: /gone\.sh/ },
    {
      what: 'a script outside',
      given: { post_build: '../sdk/sdk.json' },
      code: 'SCRIPT_MISSING',
      message: /sdk\.json/,
    },
    { what: 'a bad version', given: { version: '1' }, code: 'EXTENSION_VERSION_INVALID', message: /"1"/ },
    { what: 'a name with a path', given: { name: '../app' }, code: 'EXTENSION_NAME_INVALID', message: /\.\.\/app/ },
    {
      what: 'a failing script',
      given: script,
      code: 'COMMAND_FAILED',
      message: /post_build of app/,
      harm: writes('echo no >&2; exit 3\n'),
    },
    {
      what: 'a script that makes a FIFO',
      given: script,
      code: 'EXTENSION_SPECIAL_FILE',
      message: /usr\/fifo/,
      harm: writes('mkfifo $AVOCADO_BUILD_EXT_SYSROOT/usr/fifo\n'),
    },
    {
      what: 'a script that turns a directory into a link',
      given: script,
      code: 'SYSROOT_LINK_TRAVERSAL',
      message: /etc/,
      harm: writes('ln -s /tmp $AVOCADO_BUILD_EXT_SYSROOT/etc\n'),
    },
    {
      what: 'a link out of the project',
      given: everything,
      code: 'OVERLAY_LINK_ESCAPES',
      message: /overlay\/usr\/link/,
      harm: (workspace) => symlink('../../../../../etc/passwd', workspace.file('app/overlay/usr/link')),
    },
    {
      what: 'a flipped byte in an archive',
      given: everything,
      code: 'OUTPUT_CORRUPT',
      message: /app\.tar/,
      harm: async (workspace) => {
        const file = await open(workspace.file('compile/app.tar'), 'r+');
        await file.write('X', 600);
        await file.close();
      },
    },
  ];

  test.each(failures)(
    '$what',
    async ({ given, code, message, harm }) => {
      const workspace = await Workspace.make();
      await workspace.output('out/build', { 'app-0.0.9.raw': 'good' });
      await harm?.(workspace);
      await expect(workspace.assemble(given)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
      await verifyManifest(workspace.file('out/build'), 'app:build');
      expect((await readdir(workspace.file('out'))).sort()).toEqual(['build']);
    },
    60_000,
  );

  test('an abort while a script runs', async () => {
    const workspace = await Workspace.make();
    await workspace.output('out/build', { 'app-0.0.9.raw': 'good' });
    await writeFile(workspace.file('app/post-build.sh'), 'sleep 60\n');
    const abort = new AbortController();
    setTimeout(() => abort.abort(), 500);
    await expect(workspace.assemble({ post_build: 'post-build.sh' }, abort.signal)).rejects.toMatchObject({
      code: 'ABORTED',
    });
    await verifyManifest(workspace.file('out/build'), 'app:build');
    expect(await readdir(workspace.file('out'))).toEqual(['build']);
  }, 60_000);
});

test('1 GB goes through without taking memory: less than 200 MB', async () => {
  const workspace = await Workspace.make();
  const half = 512 * 1024 * 1024;
  await writeFile(workspace.file('app/overlay/usr/share/large'), '');
  await truncate(workspace.file('app/overlay/usr/share/large'), half);
  const tar = pack();
  const written = pipeline(tar, createWriteStream(workspace.file('compile/app.tar')));
  const large = createReadStream(workspace.file('app/overlay/usr/share/large'));
  await pipeline(large, tar.entry({ name: 'usr/share/staged', size: half }));
  tar.finalize();
  await written;
  await writeManifest(workspace.file('compile'), ['app.tar']);

  const before = process.memoryUsage().rss;
  let most = before;
  const timer = setInterval(() => (most = Math.max(most, process.memoryUsage().rss)), 20);
  try {
    await workspace.assemble({ overlay: { dir: 'overlay', mode: 'merge', preprocess: false } });
  } finally {
    clearInterval(timer);
  }
  expect((most - before) / 1024 / 1024).toBeLessThan(200);
}, 100_000);

function restore(name: string, value: string | undefined): void {
  if (value === undefined) delete process.env[name];
  else process.env[name] = value;
}
