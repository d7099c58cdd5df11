import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { machine, machineNames } from '../feed/data';
import { bootFiles, kernelConsole, writeBootFiles } from './boot-files';

const pi = machine('raspberrypi4');
let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'nx-avocado-boot-'));
  mkdirSync(join(directory, 'output'));
  writeFileSync(join(directory, 'output/rootfs.erofs'), 'root');
});
afterEach(() => rmSync(directory, { recursive: true }));

test('UEFI boots one program; a board reads files, of which the kernel and the initramfs stand in the output once', () => {
  expect(bootFiles(machine('qemux86-64'))).toEqual([{ path: 'EFI/BOOT/BOOTX64.EFI', output: 'boot.efi' }]);
  expect(bootFiles(pi)).toEqual(
    expect.arrayContaining([
      { path: 'start4.elf', output: 'boot/start4.elf' },
      { path: 'vmlinuz', output: 'vmlinuz' },
      { path: 'initramfs.cpio.zst', output: 'initramfs.cpio.zst' },
      { path: 'cmdline.txt', output: 'boot/cmdline.txt' },
      { path: 'config.txt', output: 'boot/config.txt' },
    ]),
  );
});

test.each(machineNames().filter((name) => machine(name).boot))('what config.txt of %s names is there', (name) => {
  const { boot } = machine(name);
  const named = [...(boot?.texts['config.txt'] ?? '').matchAll(/^(?:kernel=|initramfs )(\S+)/gm)].map(
    (found) => found[1],
  );
  expect(named).toHaveLength(2);
  expect(Object.keys(boot?.files ?? {})).toEqual(expect.arrayContaining([...named, 'cmdline.txt']));
});

test('files come from the packages, by the version of the kernel; the command line names the OS image', async () => {
  const packages = join(directory, 'packages');
  const place = (path: string): void => {
    mkdirSync(join(packages, path, '..'), { recursive: true });
    writeFileSync(join(packages, path), path);
  };
  const trees = ['bcm2711-rpi-4-b', 'bcm2711-rpi-400', 'bcm2711-rpi-cm4-io'];
  for (const tree of trees) place(`usr/lib/linux-image-6.12-arm64/broadcom/${tree}.dtb`);
  for (const file of ['start4.elf', 'fixup4.dat']) place(`usr/lib/raspi-firmware/${file}`);
  const output = join(directory, 'output');
  await writeBootFiles(pi, packages, '6.12-arm64', output);
  const read = (path: string): string => readFileSync(join(output, 'boot', path), 'utf8');
  expect(read('start4.elf')).toBe('usr/lib/raspi-firmware/start4.elf');
  expect(read('bcm2711-rpi-400.dtb')).toContain('linux-image-6.12-arm64');
  expect(read('cmdline.txt')).toMatch(/^root=PARTUUID=[0-9a-f-]{36} ro console=ttyS1,115200 .*\n$/);
  expect(read('config.txt')).toMatch(/^arm_64bit=1$/m);
});

test('a kernel without the device trees of the board is told', async () => {
  await expect(writeBootFiles(pi, directory, '1', join(directory, 'output'))).rejects.toMatchObject({
    code: 'BOOT_FILE_MISSING',
    message: expect.stringContaining('usr/lib/raspi-firmware/start4.elf') as string,
  });
});

test('the speed of a console is said where the machine says it', () => {
  expect([kernelConsole({ console: 'ttyS0' }), kernelConsole({ console: 'ttyS1', baud: 115200 })]).toEqual([
    'ttyS0',
    'ttyS1,115200',
  ]);
});
