import { mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { feedData, machine, openRoot, rootSpec } from '@nx-avocado/engine/feed';
import { emptyLock, lockSlice, resolveInto } from '@nx-avocado/engine/lock';
import { prepareDisk, testBoot } from '@nx-avocado/engine/qemu';
import { silentReporter } from '@nx-avocado/engine/report';
import { openDisk } from '@nx-avocado/engine/runtime';
import type { OpenedDisk } from '@nx-avocado/engine/runtime';
import { createSandboxRunner } from '@nx-avocado/engine/sdk';
import type { Mount, SdkRoot } from '@nx-avocado/engine/sdk';
import { sha256File } from '@nx-avocado/engine/store';
import type { TaskContext } from '@nx-avocado/engine/task';
import { describeArm64 } from './support/emulation';
import { TestWorkspace } from './support/workspace';

/**
 * The card of a Raspberry Pi 4, from the example to the bytes on it; what the board makes of it only the board can tell.
 * The OS image is installed by arm64 programs. Where none run (support/emulation.ts says why), there is no card.
 */
const minutes = 60_000;
const MiB = 2 ** 20;
const env = { AVOCADO_TARGET: 'raspberrypi4' };
const workspace = new TestWorkspace();
const runner = createSandboxRunner();
const context: TaskContext = {
  workspaceRoot: workspace.root,
  reporter: silentReporter,
  signal: new AbortController().signal,
  runner,
  openRoot: (spec) => openRoot(spec, { reporter: silentReporter }),
};
const provision = { task: 'dev:provision', path: 'examples/rust-vitals/.avocado/dev/raspberrypi4/provision' };

beforeAll(() => workspace.reset(), minutes);

test(
  'a Raspberry Pi 5 is told why it is not there',
  async () => {
    const { code, output } = await workspace.nx(['run', 'dev:sdk-install'], { AVOCADO_TARGET: 'raspberrypi5' });
    expect(code).not.toBe(0);
    expect(output).toMatch(/\[MACHINE_UNKNOWN\]\s+hint: Debian 13's kernel for arm64 has no driver of its card reader/);
  },
  minutes,
);

describeArm64('the card', () => {
  let directory: string;
  let disk: OpenedDisk;
  let table: { name: string; uuid: string; start: number; size: number }[];
  const tool = async (argv: string[], mounts: Mount[] = []): Promise<string> => {
    const root = await context.openRoot(disk.recipe.tools);
    const all = [
      { source: disk.path, target: '/disk' },
      { source: directory, target: '/out', writable: true },
      ...mounts,
    ];
    return (await runner.run({ root, argv, mounts: all, label: argv[0] ?? '' }, silentReporter)).stdout;
  };
  /** A file of the boot partition. */
  const booted = async (path: string): Promise<Buffer> => {
    await tool(['mcopy', '-n', '-i', '/disk@@1M', `::/${path}`, '/out/file']);
    return readFile(join(directory, 'file'));
  };
  const words = (text: string): string[] => text.split('\n').filter((line) => line !== '');

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'raspberrypi-'));
    const { code, output } = await workspace.nx(['run', 'dev:provision', '--profile', 'sd'], env);
    if (code !== 0) throw new Error(output);
    disk = await openDisk(provision, context);
    const json = await tool(['sfdisk', '--json', '/disk']);
    table = (JSON.parse(json) as { partitiontable: { partitions: typeof table } }).partitiontable.partitions;
  }, 40 * minutes);
  afterAll(() => rm(directory, { recursive: true, force: true }));

  test('is a GPT, with an MBR that names its first partition first', async () => {
    expect(disk.recipe).toMatchObject({ machine: 'raspberrypi4', profile: 'sd', table: 'hybrid' });
    expect(table.map(({ name, uuid, size }) => [name, uuid.toLowerCase(), size * 512])).toEqual(
      disk.recipe.partitions.map(({ name, uuid, size }) => [name, uuid, size]),
    );
    const sector = Buffer.alloc(512);
    const file = await open(disk.path);
    await file.read(sector, 0, 512, 0);
    await file.close();
    const entries = [446, 462, 478, 494].map((at) => [
      sector[at + 4],
      sector.readUInt32LE(at + 8),
      sector.readUInt32LE(at + 12),
    ]);
    const [boot, , root] = table;
    expect(entries).toEqual([
      [0x0c, boot?.start, boot?.size],
      [0x83, root?.start, root?.size],
      [0xee, 1, 2047],
      [0, 0, 0],
    ]);
    expect(sector.readUInt16LE(510)).toBe(0xaa55);
  });

  test('has what the firmware reads, on FAT32', async () => {
    const file = await open(disk.path);
    const type = Buffer.alloc(8);
    await file.read(type, 0, 8, MiB + 82);
    await file.close();
    expect(type.toString()).toBe('FAT32   ');
    expect(words(await tool(['mdir', '-b', '-i', '/disk@@1M', '::/'])).sort()).toEqual(
      [
        ...['bcm2711-rpi-4-b.dtb', 'bcm2711-rpi-400.dtb', 'bcm2711-rpi-cm4-io.dtb', 'cmdline.txt', 'config.txt'],
        ...['fixup4.dat', 'initramfs.cpio.zst', 'start4.elf', 'vmlinuz'],
      ].map((name) => `::/${name}`),
    );
    expect((await booted('start4.elf')).subarray(0, 4).toString('latin1')).toBe('\x7fELF');
    for (const board of ['4-b', '400', 'cm4-io']) {
      const tree = await booted(`bcm2711-rpi-${board}.dtb`);
      expect([tree.readUInt32BE(0), tree.readUInt32BE(4)]).toEqual([0xd00dfeed, tree.length]);
      expect(tree.includes('brcm,bcm2711-emmc2')).toBe(true);
    }
  });

  test('config.txt and cmdline.txt name what is there', async () => {
    const config = (await booted('config.txt')).toString();
    const [, kernel = '', initramfs = ''] = /^kernel=(\S+)\ninitramfs (\S+) followkernel$/m.exec(config) ?? [];
    const image = await booted(kernel);
    // The magic of an arm64 Image (Documentation/arch/arm64/booting.rst): one that is not compressed.
    expect(image.subarray(56, 60).toString('latin1')).toBe('ARM\x64');
    expect(await sha256File(join(directory, 'file'))).toBe(disk.recipe.kernel.sha256);
    await booted(initramfs);
    expect(await sha256File(join(directory, 'file'))).toBe(disk.recipe.initramfs.sha256);
    const cmdline = (await booted('cmdline.txt')).toString();
    expect(cmdline).toBe(`${disk.cmdline}\n`);
    const root = table.find(({ name }) => name === 'rootfs-a');
    expect(cmdline).toContain(`root=PARTUUID=${root?.uuid.toLowerCase()} ro console=ttyS1,115200 `);
  });

  test('the initramfs loads what the card reader needs, in its order', async () => {
    const { initramfs } = disk;
    const list = 'zstd -dc /initramfs | cpio --quiet -i --to-stdout modules/storage';
    const loaded = words(await tool(['sh', '-c', list], [{ source: initramfs, target: '/initramfs' }]));
    const reader = ['fixed.ko', 'gpio-regulator.ko', 'sdhci.ko', 'sdhci-pltfm.ko', 'sdhci-iproc.ko'];
    expect(loaded.slice(0, reader.length)).toEqual(reader);
    const names = 'zstd -dc /initramfs | cpio --quiet -t';
    const held = words(await tool(['sh', '-c', names], [{ source: initramfs, target: '/initramfs' }]));
    expect(held).toEqual(expect.arrayContaining(reader.map((name) => `modules/${name}`)));
  });

  test(
    'another profile is told',
    async () => {
      const { code, output } = await workspace.nx(['run', 'dev:provision', '--profile', 'usb'], env);
      expect([code, output]).toEqual([
        1,
        expect.stringMatching(/\[PROFILE_UNKNOWN\]\s+hint: Profiles of raspberrypi4: img, sd\./),
      ]);
    },
    2 * minutes,
  );

  test(
    'QEMU is told to be no Raspberry Pi',
    async () => {
      const { code, output } = await workspace.nx(['run', 'dev:qemu'], env);
      expect(code).not.toBe(0);
      expect(output).toContain('QEMU cannot be a raspberrypi4 [QEMU_MACHINE_UNSUPPORTED]');
      expect(output).toMatch(/Only these machine targets run in QEMU: qemuarm64, qemux86-64\./);
    },
    2 * minutes,
  );

  test(
    'its kernel, initramfs and OS image boot, with another machine around them',
    async () => {
      const emulator = await emulatorOf('qemuarm64');
      const cmdline = disk.cmdline.replace('console=ttyS1,115200', 'console=ttyAMA0');
      const options = { machine: 'qemuarm64', mem: 1024, smp: 2, runtimeName: 'pi', firmware: false, forwards: [] };
      const vm = await prepareDisk('raspberrypi', options, emulator, { ...disk, cmdline }, context);
      const checks = [
        { kind: 'unit' as const, unit: 'ref-rust' },
        {
          kind: 'command' as const,
          command: 'grep -x AVOCADO_TARGET=raspberrypi4 /etc/os-release && uname -m',
          exitCode: 0,
          pattern: 'aarch64',
        },
      ];
      const report = await testBoot(vm, { checks, timeout: 400, failed: workspace.path('tmp/raspberrypi') }, context);
      expect(report.checks.map(({ passed }) => passed)).toEqual([true, true]);
    },
    8 * minutes,
  );
});

async function emulatorOf(name: string): Promise<SdkRoot> {
  const target = machine(name);
  const emulator = [...(feedData().roots.emulator.base ?? []), ...(target.emulator?.packages ?? [])].sort();
  const project = { kind: 'runtime', name: 'dev' } as const;
  const want = { project, machine: name, requests: { emulator } };
  const lock = await resolveInto(emptyLock(), [want], { reporter: silentReporter });
  const pins = lockSlice(lock, project, target)?.roots.emulator ?? [];
  return openRoot(rootSpec('emulator', target, pins), { reporter: silentReporter });
}
