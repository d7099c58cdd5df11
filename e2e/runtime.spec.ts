import { createReadStream, createWriteStream } from 'node:fs';
import { chmod, mkdir, mkdtemp, open, readFile, readlink, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { pack } from 'tar-stream';
import type { RuntimeSection, UserSection } from '@nx-avocado/engine/config';
import { feedData, machine, openRoot, rootSpec } from '@nx-avocado/engine/feed';
import type { RootName, RootSpec } from '@nx-avocado/engine/feed';
import { emptyLock, lockSlice, resolveInto } from '@nx-avocado/engine/lock';
import { silentReporter } from '@nx-avocado/engine/report';
import { buildRootfs, buildRuntime, openDisk, provision, writeDisk } from '@nx-avocado/engine/runtime';
import type { OpenedDisk } from '@nx-avocado/engine/runtime';
import { baseDigest } from '../packages/engine/src/runtime/disk-recipe';
import { createSandboxRunner } from '@nx-avocado/engine/sdk';
import type { Mount } from '@nx-avocado/engine/sdk';
import { imageId, sha256File, storePath, writeManifest } from '@nx-avocado/engine/store';
import type { ProvisionOptions, RootfsOptions, RuntimeBuildOptions, TaskContext } from '@nx-avocado/engine/task';

/** Real packages, real image tools in their root, a real disk; boots are in boot.spec.ts. */
const runner = createSandboxRunner();
const target = machine('qemux86-64');
const warnings: string[] = [];
const minutes = 60_000;
let specs: Partial<Record<RootName, RootSpec>>;
let directory: string;
let workspace: string;

const context = (workspaceRoot: string): TaskContext => ({
  workspaceRoot,
  reporter: { ...silentReporter, warn: (message) => void warnings.push(message) },
  signal: new AbortController().signal,
  runner,
  openRoot: (spec) => openRoot(spec, { reporter: silentReporter }),
});
const tool = async (argv: string[], mounts: Mount[] = []): Promise<string> => {
  const root = await openRoot(specs.tools as RootSpec, { reporter: silentReporter });
  return (await runner.run({ root, argv, mounts, label: argv[0] ?? '' }, silentReporter)).stdout;
};
const user = (password: string): UserSection => ({
  password,
  shell: '/bin/sh',
  groups: [],
  last_change: 19000,
  min_days: 0,
  max_days: 99999,
  warn_days: 7,
  disabled: false,
  system: false,
});
const sdk = { task: 'dev:sdk-install', path: 'sdk' };
const rootfs = { task: 'dev:rootfs', path: 'out/rootfs' };
const runtime = { task: 'dev:build', path: 'out/runtime' };
const disk = { task: 'dev:provision', path: 'out/provision' };
const common = { machine: target.name, sdk, source_date_epoch: 0 };

const rootfsOptions: RootfsOptions = {
  ...common,
  outputPath: rootfs.path,
  sourceRoot: 'src',
  hostname: 'avocado-qemux86-64',
  rootfs: {
    name: 'default',
    packages: {},
    filesystem: 'erofs-lz4',
    overlay: { dir: 'overlay', mode: 'merge', preprocess: false },
  },
  executables: ['src/overlay/usr/bin/tool'],
  initramfs: { name: 'default', packages: {}, filesystem: 'cpio.zst' },
  permissions: { users: { root: user('') }, groups: {} },
  runtime: { name: 'dev', version: '1.2.3' },
};
const section: RuntimeSection = {
  name: 'dev',
  packages: {},
  extensions: [],
  rootfs: 'default',
  initramfs: 'default',
  stone_include_paths: [],
  var: { subvolumes: {} },
  var_files: [{ source: 'seed', dest: 'lib/app' }],
};
const runtimeOptions: RuntimeBuildOptions = {
  ...common,
  outputPath: runtime.path,
  sourceRoot: 'src',
  section,
  rootfs,
  extensions: [{ name: 'hello', enabled: true, output: { task: 'hello:build', path: 'out/hello' }, var_files: [] }],
  distro: { release: '2024' },
};
const provisionOptions: ProvisionOptions = { ...common, outputPath: disk.path, rootfs, runtime, runtimeName: 'dev' };

/** A workspace with sources, an SDK descriptor and the output of an extension's build. */
async function prepare(root: string): Promise<void> {
  for (const path of [
    'src/overlay/usr/bin',
    'src/overlay/lib/app',
    'src/seed/deep',
    'sdk',
    'out/hello',
    'tree/usr/share',
  ]) {
    await mkdir(join(root, path), { recursive: true });
  }
  await writeFile(join(root, 'src/overlay/usr/bin/tool'), '#!/bin/sh\n');
  await chmod(join(root, 'src/overlay/usr/bin/tool'), 0o755);
  await writeFile(join(root, 'src/overlay/lib/app/data'), 'data\n');
  await writeFile(join(root, 'src/seed/deep/file'), 'seed\n');
  const descriptor = { version: 1, feed: 'debian', machine: target.name, roots: specs, omitted: {} };
  await writeFile(join(root, 'sdk/sdk.json'), JSON.stringify(descriptor));
  await writeManifest(join(root, 'sdk'), ['sdk.json']);

  const output = join(root, 'out/hello');
  await writeFile(join(root, 'tree/usr/share/hello'), 'hello\n');
  await tool(
    ['mkfs.erofs', '--quiet', '-T0', '-U', '00000000-0000-0000-0000-000000000000', '/out/hello-0.1.0.raw', '/tree'],
    [
      { source: join(root, 'tree'), target: '/tree' },
      { source: output, target: '/out', writable: true },
    ],
  );
  const archive = pack();
  archive.entry({ name: 'lib', type: 'directory', mode: 0o755, mtime: new Date(0) });
  archive.entry({ name: 'lib/hello', mode: 0o600, mtime: new Date(0) }, 'from the extension\n');
  archive.finalize();
  await pipeline(archive, createWriteStream(join(output, 'var.tar')));
  const image = join(output, 'hello-0.1.0.raw');
  const sha256 = await sha256File(image);
  const record = {
    name: 'hello',
    version: '0.1.0',
    machine: target.name,
    types: ['sysext'],
    image: {
      file: 'hello-0.1.0.raw',
      sha256,
      size: (await stat(image)).size,
      image_id: imageId(sha256),
      filesystem: 'erofs',
    },
    var: { file: 'var.tar', sha256: await sha256File(join(output, 'var.tar')), size: 1 },
    enable_services: [],
    on_merge: [],
    on_unmerge: [],
    packages: {},
    warnings: [],
  };
  await writeFile(join(output, 'extension.json'), JSON.stringify(record));
  await writeManifest(output, ['extension.json', 'hello-0.1.0.raw', 'var.tar']);
}

async function build(root: string): Promise<void> {
  await buildRootfs(rootfsOptions, context(root));
  await buildRuntime(runtimeOptions, context(root));
  await provision(provisionOptions, context(root));
}

beforeAll(async () => {
  const { packages, roots } = feedData();
  const requests = {
    tools: roots.tools.base ?? [],
    rootfs: [...(roots.rootfs.base ?? []), ...(packages.rootfs?.['avocado-pkg-rootfs'] ?? [])],
    initramfs: packages.initramfs?.['avocado-pkg-initramfs'] ?? [],
    kernel: target.kernel.packages,
  };
  const project = { kind: 'runtime', name: 'dev' } as const;
  const want = { project, machine: target.name, requests };
  const lock = await resolveInto(emptyLock(), [want], { reporter: silentReporter });
  const pins = lockSlice(lock, project, target)?.roots ?? {};
  specs = Object.fromEntries(
    (['tools', 'rootfs', 'initramfs', 'kernel'] as const).map((name) => [
      name,
      rootSpec(name, target, pins[name] ?? []),
    ]),
  );
  directory = await mkdtemp(join(tmpdir(), 'runtime-'));
  workspace = join(directory, 'workspace');
  await prepare(workspace);
  await build(workspace);
}, 5 * minutes);

afterAll(() => rm(directory, { recursive: true, force: true }));

const parts = [
  'rootfs/rootfs.erofs',
  'rootfs/initramfs.cpio.zst',
  'rootfs/vmlinuz',
  'rootfs/boot.efi',
  'provision/disk.json',
];

test(
  'the same bytes from another directory, time zone and umask',
  async () => {
    const other = join(directory, 'another/place');
    await prepare(other);
    const umask = process.umask(0o077);
    const zone = process.env['TZ'];
    process.env['TZ'] = 'Pacific/Kiritimati';
    try {
      await build(other);
      for (const part of [...parts, 'runtime/runtime/manifest.json', 'runtime/var.json']) {
        expect([part, await sha256File(join(other, 'out', part))]).toEqual([
          part,
          await sha256File(join(workspace, 'out', part)),
        ]);
      }
    } finally {
      process.umask(umask);
      if (zone === undefined) delete process.env['TZ'];
      else process.env['TZ'] = zone;
    }
  },
  5 * minutes,
);

test('an empty root password is warned about', () => {
  expect(warnings.join('\n')).toMatch(/user root has an empty password/);
});

describe('the disk', () => {
  let opened: OpenedDisk;
  let table: { node: string; start: number; size: number; name: string; uuid: string; type: string }[];
  /** The bytes of a partition, in a file of its own. */
  const slice = async (name: string): Promise<string> => {
    const partition = table.find((entry) => entry.name === name);
    if (!partition) throw new Error(`no partition ${name}`);
    const file = join(directory, `${name}.img`);
    const start = partition.start * 512;
    await pipeline(
      createReadStream(opened.path, { start, end: start + partition.size * 512 - 1 }),
      createWriteStream(file),
    );
    return file;
  };
  const scratch = (name: string) => mkdtemp(join(directory, `${name}-`));

  beforeAll(async () => {
    opened = await openDisk(disk, context(workspace));
    const json = await tool(['sfdisk', '--json', '/disk'], [{ source: opened.path, target: '/disk' }]);
    table = (JSON.parse(json) as { partitiontable: { partitions: typeof table } }).partitiontable.partitions;
  }, minutes);

  test('has the partitions of the recipe, each with its id', () => {
    expect(table.map(({ name, uuid, size }) => [name, uuid.toLowerCase(), size * 512])).toEqual(
      opened.recipe.partitions.map(({ name, uuid, size }) => [name, uuid, size]),
    );
    expect(table[4]?.uuid.toLowerCase()).toBe('4d21b016-b534-45c2-a9fb-5c16e091fd2d');
    expect(opened.cmdline).toContain(`root=PARTUUID=${opened.recipe.partitions[2]?.uuid} `);
  });

  test('boots by the program that firmware looks for', async () => {
    const out = await scratch('esp');
    await tool(
      ['mcopy', '-i', '/esp', '::/EFI/BOOT/BOOTX64.EFI', '/out/boot.efi'],
      [
        { source: await slice('boot-a'), target: '/esp' },
        { source: out, target: '/out', writable: true },
      ],
    );
    expect(await sha256File(join(out, 'boot.efi'))).toBe(await sha256File(join(workspace, 'out/rootfs/boot.efi')));
  });

  test(
    'has the OS image, with our files, the overlay and the accounts in it',
    async () => {
      const out = await scratch('root');
      const image = await slice('rootfs-a');
      await truncate(image, (await stat(join(workspace, 'out/rootfs/rootfs.erofs'))).size);
      expect(await sha256File(image)).toBe(await sha256File(join(workspace, 'out/rootfs/rootfs.erofs')));
      await tool(
        ['fsck.erofs', '--extract=/out/root', '--no-preserve-owner', '/image'],
        [
          { source: image, target: '/image' },
          { source: out, target: '/out', writable: true },
        ],
      );
      const read = (path: string) => readFile(join(out, 'root', path), 'utf8');
      expect(await read('etc/hostname')).toBe('avocado-qemux86-64\n');
      expect(await read('etc/machine-id')).toBe('');
      expect(await read('etc/shadow')).toMatch(/^root::19000:/m);
      expect(await read('usr/lib/app/data')).toBe('data\n');
      expect((await stat(join(out, 'root/usr/bin/tool'))).mode & 0o777).toBe(0o755);
      const release = await read('usr/lib/os-release');
      expect(release).toMatch(/^AVOCADO_OS_BUILD_ID=[0-9a-f-]{36}$/m);
      expect(release).toMatch(/^RUNTIME_NAME=dev\nRUNTIME_VERSION=1\.2\.3$/m);
      expect(await read(`usr/lib/modules/${await kernelVersion()}/modules.dep`)).toMatch(/erofs\.ko/);
      expect(await readlink(join(out, 'root/etc/systemd/system/systemd-sysext.service'))).toBe('/dev/null');
      // Whoever it was installed for, it is root's: shadow's group is Debian's.
      const owners = await tool(['dump.erofs', '--path=/etc/shadow', '/image'], [{ source: image, target: '/image' }]);
      expect(owners).toMatch(/Uid: 0\s+Gid: 42/);
    },
    minutes,
  );

  test(
    "has upstream's layout in var, and the files that the extension and the runtime put there",
    async () => {
      const out = await scratch('var');
      const image = await slice('var');
      await tool(['btrfs', 'check', '--readonly', '/image'], [{ source: image, target: '/image' }]);
      await tool(
        ['btrfs', 'restore', '--symlinks', '--metadata', '--snapshots', '/image', '/out'],
        [
          { source: image, target: '/image' },
          { source: out, target: '/out', writable: true },
        ],
      );
      const active = await readlink(join(out, 'lib/avocado/active'));
      const manifest = JSON.parse(await readFile(join(out, 'lib/avocado', active, 'manifest.json'), 'utf8')) as {
        id: string;
        extensions: { name: string; image_id: string; sha256: string }[];
      };
      expect(active).toBe(`runtimes/${manifest.id}`);
      const [extension] = manifest.extensions;
      expect(extension?.name).toBe('hello');
      expect(await sha256File(join(out, `lib/avocado/images/${extension?.image_id}.raw`))).toBe(extension?.sha256);
      expect(await readFile(join(out, 'lib/hello'), 'utf8')).toBe('from the extension\n');
      expect((await stat(join(out, 'lib/hello'))).mode & 0o777).toBe(0o600);
      expect(await readFile(join(out, 'lib/app/deep/file'), 'utf8')).toBe('seed\n');
      expect((await stat(join(out, 'tmp'))).mode & 0o7777).toBe(0o1777);
    },
    minutes,
  );

  test('is taken from the store the second time, and made anew when somebody wrote to it', async () => {
    const { mtimeMs } = await stat(opened.path);
    await openDisk(disk, context(workspace));
    expect((await stat(opened.path)).mtimeMs).toBe(mtimeMs);
    const handle = await open(opened.path, 'r+');
    await handle.write('scribble', 4096);
    await handle.close();
    await openDisk(disk, context(workspace));
    const json = await tool(['sfdisk', '--json', '/disk'], [{ source: opened.path, target: '/disk' }]);
    expect(JSON.parse(json)).toMatchObject({ partitiontable: { partitions: table } });
    expect(opened.path.startsWith(storePath('disks'))).toBe(true);
  });

  test(
    'can be copied out',
    async () => {
      const file = join(directory, 'copy/disk.raw');
      await writeDisk(disk, file, context(workspace));
      expect(await sha256File(file)).toBe(await sha256File(opened.path));
      expect((await stat(file)).blocks * 512).toBeLessThan((await stat(file)).size / 2);
    },
    minutes,
  );

  test.each([
    'out/rootfs/vmlinuz',
    'out/rootfs/rootfs.erofs',
    'out/hello/hello-0.1.0.raw',
    'out/hello/var.tar',
    'src/seed/deep/file',
  ])('is not made of a part that changed: %s', async (part) => {
    await rm(opened.path, { force: true });
    // What all builds with this OS image share: with it in the store, the OS image itself is not read.
    await rm(storePath('disks', `${baseDigest(opened.recipe)}.base.raw`), { force: true });
    const path = join(workspace, part);
    const good = await readFile(path);
    const bad = Buffer.from(good);
    bad.writeUInt8(bad.readUInt8(bad.length - 1) ^ 1, bad.length - 1);
    await writeFile(path, bad);
    try {
      await expect(openDisk(disk, context(workspace))).rejects.toMatchObject({ code: 'OUTPUT_CORRUPT' });
      await expect(stat(opened.path)).rejects.toMatchObject({ code: 'ENOENT' });
      await rm(path);
      await expect(openDisk(disk, context(workspace))).rejects.toMatchObject({ code: 'OUTPUT_MISSING' });
    } finally {
      await writeFile(path, good);
    }
  });

  async function kernelVersion(): Promise<string> {
    const record = JSON.parse(await readFile(join(workspace, 'out/rootfs/rootfs.json'), 'utf8')) as {
      kernel: { version: string };
    };
    return record.kernel.version;
  }
});

describe('what cannot be done is said at once, and the last output stays', () => {
  const code = (name: string) => expect.objectContaining({ code: name }) as unknown;

  test.each([
    ['ROOTFS_UNSUPPORTED', { rootfs: { ...rootfsOptions.rootfs, post_install: 'x.sh' } }],
    ['ROOTFS_FILESYSTEM_UNSUPPORTED', { rootfs: { ...rootfsOptions.rootfs, filesystem: 'squashfs' } }],
    ['HOSTNAME_INVALID', { hostname: 'a b' }],
    [
      'OVERLAY_MISSING',
      { rootfs: { ...rootfsOptions.rootfs, overlay: { dir: 'gone', mode: 'merge' as const, preprocess: false } } },
    ],
  ])('%s', async (name, change) => {
    const before = await sha256File(join(workspace, 'out/rootfs/manifest.json'));
    await expect(buildRootfs({ ...rootfsOptions, ...change }, context(workspace))).rejects.toEqual(code(name));
    expect(await sha256File(join(workspace, 'out/rootfs/manifest.json'))).toBe(before);
  });

  test('PROFILE_UNKNOWN', async () => {
    await expect(provision({ ...provisionOptions, profile: 'usb' }, context(workspace))).rejects.toMatchObject({
      code: 'PROFILE_UNKNOWN',
      hint: 'Profiles of qemux86-64: img.',
    });
  });

  test.each([
    ['VAR_FILE_MISSING', { source: 'gone', dest: 'lib/x' }],
    ['VAR_FILE_ESCAPES', { source: '../../..', dest: 'lib/x' }],
    ['VAR_PATH_INVALID', { source: 'seed', dest: '../etc' }],
  ])('%s', async (name, file) => {
    const options = { ...runtimeOptions, section: { ...section, var_files: [file] } };
    await expect(buildRuntime(options, context(workspace))).rejects.toEqual(code(name));
  });

  test('a runtime that asks for signatures is not made without', async () => {
    const options = { ...runtimeOptions, section: { ...section, signing: { checksum_algorithm: 'sha256' as const } } };
    await expect(buildRuntime(options, context(workspace))).rejects.toMatchObject({
      code: 'RUNTIME_UNSUPPORTED',
      message: 'signing of a runtime is not supported',
    });
  });
});
