import { copyFile, mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { AvocadoError } from '../error';
import { feedDirectory } from '../feed/data';
import type { RootSpec } from '../feed/types';
import type { TaskContext } from '../task';
import { cpioArchive } from './cpio';
import type { CpioEntry } from './cpio';
import type { Kernel } from './kernel';
import { orderModules } from './modules';
import type { ModuleLists } from './modules';
import { runTool } from './tools';

/** What feeds/debian/initramfs/init calls; busybox is all of them. */
const applets = [
  ...['cat', 'chroot', 'echo', 'grep', 'insmod', 'mount', 'poweroff', 'readlink', 'sed', 'sh', 'sleep'],
  ...['switch_root', 'sync', 'tr', 'xxd'],
];

/** Debian compresses its modules with xz, which busybox's insmod cannot read; one zstd over all is smaller, too. */
const unxz = `
import lzma, os
for name in os.listdir("/work/modules"):
    if name.endswith(".xz"):
        with lzma.open("/work/modules/" + name) as packed, open("/work/modules/" + name[:-3], "wb") as plain:
            plain.write(packed.read())
        os.unlink("/work/modules/" + name)
`;

/**
 * Writes `initramfs.cpio.zst`: busybox, our /init and the modules it loads, nothing else.
 * @param index directory of modules.dep
 * @param own modules that the machine's own disks need
 * @param work an empty directory
 */
export async function makeInitramfs(
  kernel: Kernel,
  index: string,
  own: readonly string[],
  busyboxRoot: string,
  output: string,
  work: string,
  tools: RootSpec,
  context: TaskContext,
): Promise<void> {
  const lists = orderModules(await readFile(join(index, 'modules.dep'), 'utf8'), own);
  const modules = join(work, 'modules');
  await mkdir(modules, { recursive: true });
  for (const path of Object.values(lists).flat())
    await copyFile(join(kernel.modules, path), join(modules, basename(path)));
  await runTool(
    tools,
    {
      label: 'unpack the modules of the initramfs',
      argv: ['python3', '-I', '-c', unxz],
      mounts: [{ source: modules, target: '/work/modules', writable: true }],
    },
    context,
  );
  const archive = cpioArchive(await initramfsEntries(lists, modules, busyboxRoot));
  await writeFile(join(work, 'initramfs.cpio'), archive);
  await runTool(
    tools,
    {
      label: 'pack the initramfs',
      argv: [
        'zstd',
        '--quiet',
        '--single-thread',
        '-19',
        '/work/in/initramfs.cpio',
        '-o',
        '/work/out/initramfs.cpio.zst',
      ],
      mounts: [
        { source: work, target: '/work/in' },
        { source: output, target: '/work/out', writable: true },
      ],
    },
    context,
  );
}

async function initramfsEntries(lists: ModuleLists, modules: string, busyboxRoot: string): Promise<CpioEntry[]> {
  const busybox = await readFile(join(busyboxRoot, 'usr/bin/busybox')).catch((cause: unknown) => {
    throw new AvocadoError('INITRAMFS_NO_BUSYBOX', 'the initramfs packages hold no /usr/bin/busybox', {
      hint: 'Keep avocado-pkg-initramfs among the packages of the initramfs.',
      cause,
    });
  });
  const files: CpioEntry[] = [];
  for (const name of await readdir(modules)) {
    files.push({ path: `modules/${name}`, kind: 'file', mode: 0o644, content: await readFile(join(modules, name)) });
  }
  for (const [list, paths] of Object.entries(lists)) {
    const names = paths.map((path) => `${basename(path).replace(/\.xz$/, '')}\n`).join('');
    files.push({ path: `modules/${list}`, kind: 'file', mode: 0o644, content: Buffer.from(names) });
  }
  const init = await readFile(join(feedDirectory, 'initramfs', 'init'));
  return [
    ...['bin', 'dev', 'modules', 'proc', 'root', 'sys'].map((path): CpioEntry => ({
      path,
      kind: 'directory',
      mode: 0o755,
    })),
    ...applets.map((name): CpioEntry => ({ path: `bin/${name}`, kind: 'link', target: 'busybox' })),
    { path: 'bin/busybox', kind: 'file', mode: 0o755, content: busybox },
    { path: 'init', kind: 'file', mode: 0o755, content: init },
    ...files,
  ];
}
