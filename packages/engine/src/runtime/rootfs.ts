import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { accountFiles } from '../accounts';
import { readDescriptor } from '../extension/upstream';
import { machine } from '../feed/data';
import { rootfsTar } from '../feed';
import type { RootSpec } from '../feed/types';
import {
  canonicalJson,
  replaceDirectory,
  sha256,
  storePath,
  uuid5,
  withTemporaryDirectory,
  writeManifest,
} from '../store';
import type { RootfsOptions, TaskContext } from '../task';
import { buildRpmRootfs } from './avocado/rootfs';
import { readBase } from './base';
import { bootFiles, writeBootFiles } from './boot-files';
import { composeTree } from './compose';
import { imageAccounts, imageAdditions, neededTexts, replacements } from './contents';
import { makeInitramfs } from './initramfs';
import { findKernel, indexModules } from './kernel';
import { osBuildId } from './os-release';
import { checkSupported, erofsCompression } from './supported';
import { requireRoot, runTool } from './tools';
import { makeUki } from './uki';

/** Any constant would do; it must never change. */
const imageNamespace = '0a6d6c0f-4b0b-5d2f-a3a0-1f4f7f1f6f57';

/** `rootfs.json`: what the OS image says about itself to the tasks after it. */
export interface RootfsRecord {
  version: 1;
  machine: string;
  os_build_id: string;
  /** Of the avocado feed, `kind` is what its image is called in the packages: `bzImage`. */
  kernel: { version: string; kind?: string };
}

/**
 * Builds the OS image: `rootfs.erofs`, `initramfs.cpio.zst`, `vmlinuz`, what the firmware reads beside them (boot-files.ts), `accounts/*`, `rootfs.json` and their manifest.
 * Reproducible, and without privileges: owners come from the packages' tar, which is never unpacked.
 * @throws AvocadoError `ROOTFS_*`, `INITRAMFS_*`, `KERNEL_*`, `ACCOUNT_*`, `OVERLAY_*`, `SDK_ROOT_MISSING`, `COMMAND_FAILED`
 */
export async function buildRootfs(options: RootfsOptions, context: TaskContext): Promise<RootfsRecord> {
  const { workspaceRoot, reporter, signal } = context;
  const descriptor = await readDescriptor(workspaceRoot, options.sdk, options.machine);
  checkSupported(options, descriptor.feed);
  if (descriptor.feed === 'avocado') return buildRpmRootfs(options, descriptor, context);
  const spec = (name: 'rootfs' | 'initramfs' | 'kernel' | 'tools') => requireRoot(descriptor, name, options.sdk.task);
  const tools = spec('tools');
  const target = machine(options.machine);
  const { interpreter } = descriptor.roots;
  const tar = await rootfsTar(spec('rootfs'), { reporter, signal, label: 'rootfs', interpreter });
  const kernelRoot = (await context.openRoot(spec('kernel'))).path;
  const kernel = await findKernel(kernelRoot);
  const busybox = (await context.openRoot(spec('initramfs'))).path;

  const step = reporter.step('make the OS image');
  const base = await readBase(tar, neededTexts);
  const accounts = imageAccounts(base, options, context);
  const buildId = osBuildId(
    [...spec('rootfs').packages, ...spec('kernel').packages],
    canonicalJson([options.hostname, options.rootfs, options.permissions ?? {}, options.runtime.version ?? '']),
  );
  const record: RootfsRecord = {
    version: 1,
    machine: options.machine,
    os_build_id: buildId,
    kernel: { version: kernel.version },
  };

  await replaceDirectory(join(workspaceRoot, options.outputPath), (output) =>
    withTemporaryDirectory(storePath('work'), async (work) => {
      const scratch = async (name: string): Promise<string> => {
        await mkdir(join(work, name));
        return join(work, name);
      };
      const index = await indexModules(kernel, await scratch('index'), tools, context);
      const additions = await imageAdditions(base, { ...kernel, index }, options, await scratch('overlay'), context);
      const tree = join(await scratch('tree'), 'root.tar');
      const changed = replacements(base, accounts, buildId, options);
      const digest = await composeTree(tar, changed, additions, tree, options.source_date_epoch, signal);
      step.update('pack it');
      await packImage(tree, digest, output, options, tools, context);
      step.update('make the initramfs');
      await makeInitramfs(
        kernel,
        index,
        target.kernel.modules ?? [],
        busybox,
        output,
        await scratch('initramfs'),
        tools,
        context,
      );

      await copyFile(kernel.vmlinuz, join(output, 'vmlinuz'));
      if (target.uefi) await makeUki(output, { ...kernel, root: kernelRoot }, target.uefi, options, tools, context);
      else await writeBootFiles(target, kernelRoot, kernel.version, output);
      await mkdir(join(output, 'accounts'));
      for (const { name } of accountFiles) await writeFile(join(output, 'accounts', name), accounts[name]);
      await writeFile(join(output, 'rootfs.json'), `${canonicalJson(record)}\n`);
      await writeManifest(output, [
        ...new Set(['rootfs.erofs', 'initramfs.cpio.zst', 'vmlinuz', ...bootFiles(target).map(({ output }) => output)]),
        'rootfs.json',
        ...accountFiles.map(({ name }) => `accounts/${name}`),
      ]);
    }),
  );
  step.done(`${kernel.version}, ${base.entries.size} entries`);
  return record;
}

async function packImage(
  tree: string,
  digest: string,
  output: string,
  { rootfs, source_date_epoch }: RootfsOptions,
  tools: RootSpec,
  context: TaskContext,
): Promise<void> {
  const compression = erofsCompression[rootfs.filesystem] ?? [];
  await runTool(
    tools,
    {
      label: 'pack the OS image',
      argv: [
        ...['mkfs.erofs', '--quiet', '--tar=f', '-T', String(source_date_epoch), '-x', '-1'],
        ...['-U', uuid5(imageNamespace, sha256(`${digest} ${compression.join(' ')}`)), ...compression],
        ...['/work/out/rootfs.erofs', '/work/tree/root.tar'],
      ],
      env: { SOURCE_DATE_EPOCH: String(source_date_epoch) },
      mounts: [
        { source: join(tree, '..'), target: '/work/tree' },
        { source: output, target: '/work/out', writable: true },
      ],
    },
    context,
  );
}
