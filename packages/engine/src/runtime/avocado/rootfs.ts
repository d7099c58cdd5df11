import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Accounts } from '../../accounts';
import { accountFiles, applyPermissions } from '../../accounts';
import { AvocadoError } from '../../error';
import { stageOverlay } from '../../extension/overlay';
import { Sysroot } from '../../extension/sysroot';
import { programs } from '../../feed/avocado/layout';
import type { SdkDescriptor } from '../../feed/types';
import { canonicalJson, replaceDirectory, storePath, withTemporaryDirectory, writeManifest } from '../../store';
import type { RootfsOptions, TaskContext } from '../../task';
import { osBuildId, osRelease } from '../os-release';
import type { RootfsRecord } from '../rootfs';
import { erofsCompression } from '../supported';
import { requireRoot } from '../tools';
import { findKernelImage } from './kernel';

/**
 * The OS image of the avocado feed, as upstream's `runtime build` makes it of the installed packages, in one container:
 * the same files as on the debian feed, but for `boot.efi`, which its bootloaders do not use, and with `os-release`, which
 * stone reads.
 * @throws AvocadoError `ROOTFS_INCOMPLETE`, `KERNEL_*`, `ACCOUNT_*`, `OVERLAY_*`, `COMMAND_FAILED`
 */
export async function buildRpmRootfs(
  options: RootfsOptions,
  descriptor: SdkDescriptor,
  context: TaskContext,
): Promise<RootfsRecord> {
  const { workspaceRoot, reporter, signal, runner } = context;
  const spec = (name: 'rootfs' | 'initramfs' | 'kernel' | 'tools') => requireRoot(descriptor, name, options.sdk.task);
  const tools = await context.openRoot(spec('tools'));
  const rootfs = (await context.openRoot(spec('rootfs'))).path;
  const initramfs = (await context.openRoot(spec('initramfs'))).path;
  const section = options.kernel?.kind === 'package' ? options.kernel : undefined;
  // The version of a package of another name is the package's.
  const wanted = section?.package === 'kernel-image' ? section.version : '*';
  const kernel = await findKernelImage((await context.openRoot(spec('kernel'))).path, wanted);

  const step = reporter.step('make the OS image');
  const release = await readFile(join(rootfs, 'usr/lib/os-release'), 'utf8').catch((cause: unknown) => {
    throw new AvocadoError('ROOTFS_INCOMPLETE', 'the OS packages hold no /usr/lib/os-release', { cause });
  });
  const accounts = await imageAccounts(rootfs, options, context);
  const os_build_id = osBuildId(
    [...spec('rootfs').packages, ...spec('kernel').packages],
    canonicalJson([options.rootfs, options.permissions ?? {}, options.runtime.version ?? '']),
  );
  const record: RootfsRecord = {
    version: 1,
    machine: options.machine,
    os_build_id,
    kernel: { version: kernel.version, kind: kernel.kind },
  };
  const text = osRelease(release, os_build_id, options.machine, options.runtime);

  await replaceDirectory(join(workspaceRoot, options.outputPath), (output) =>
    withTemporaryDirectory(storePath('work'), async (work) => {
      const [add, scratch] = [join(work, 'add'), join(work, 'scratch')];
      for (const path of [add, scratch]) await mkdir(path);
      await addOverlay(add, options, context);
      for (const directory of ['etc', 'usr/lib']) await mkdir(join(add, directory), { recursive: true });
      await writeFile(join(add, 'usr/lib/os-release'), text);
      await mkdir(join(output, 'accounts'));
      for (const { name, mode } of accountFiles) {
        await writeFile(join(output, 'accounts', name), accounts[name]);
        if (accounts[name] !== '') await writeFile(join(add, 'etc', name), accounts[name], { mode });
      }
      await runner.run(
        {
          root: tools,
          argv: ['bash', `${programs.target}/images.sh`],
          env: {
            SOURCE_DATE_EPOCH: String(options.source_date_epoch),
            ROOTFS_COMPRESSION: (erofsCompression[options.rootfs.filesystem] ?? []).join(' '),
          },
          mounts: [
            { source: programs.source, target: programs.target },
            { source: rootfs, target: '/mnt/rootfs' },
            { source: initramfs, target: '/mnt/initramfs' },
            { source: add, target: '/mnt/add' },
            { source: scratch, target: '/mnt/scratch', writable: true },
            { source: output, target: '/work/out', writable: true },
          ],
          label: 'OS image and initramfs',
          signal,
        },
        reporter,
      );
      await copyFile(kernel.path, join(output, 'vmlinuz'));
      await writeFile(join(output, 'os-release'), text);
      await writeFile(join(output, 'rootfs.json'), `${canonicalJson(record)}\n`);
      await writeManifest(output, [
        ...['rootfs.erofs', 'initramfs.cpio.zst', 'vmlinuz', 'os-release', 'rootfs.json'],
        ...accountFiles.map(({ name }) => `accounts/${name}`),
      ]);
    }),
  );
  step.done(kernel.version);
  return record;
}

async function imageAccounts(rootfs: string, options: RootfsOptions, context: TaskContext): Promise<Accounts> {
  const accounts: Accounts = { passwd: '', shadow: '', group: '', gshadow: '' };
  for (const { name } of accountFiles) {
    accounts[name] = await readFile(join(rootfs, 'etc', name), 'utf8').catch(() => '');
  }
  if (accounts.passwd === '') throw new AvocadoError('ROOTFS_INCOMPLETE', 'the OS packages hold no /etc/passwd');
  if (!options.permissions) return accounts;
  const applied = applyPermissions(accounts, options.permissions);
  for (const warning of applied.warnings) context.reporter.warn(warning);
  return applied.accounts;
}

async function addOverlay(
  directory: string,
  { rootfs: { overlay }, sourceRoot, executables = [] }: RootfsOptions,
  { workspaceRoot, signal, reporter }: TaskContext,
): Promise<void> {
  if (!overlay) return;
  const options = { workspaceRoot, sourceRoot, overlay, executables, values: {}, signal, reporter };
  for (const warning of await stageOverlay(new Sysroot(directory), options)) reporter.warn(warning);
}
