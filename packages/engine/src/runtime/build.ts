import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AvocadoError } from '../error';
import { canonicalJson, replaceDirectory, verifyManifest, writeManifest } from '../store';
import type { OutputManifest } from '../store';
import type { RuntimeBuildOptions, TaskContext, TaskOutput } from '../task';
import { readExtensions } from './extensions';
import type { BuiltExtension } from './extensions';
import { runtimeManifest } from './manifest';
import type { RuntimeManifest } from './manifest';
import type { RootfsRecord } from './rootfs';
import { checkRuntime } from './supported';
import { avocadoEntries, standardEntries, varPath } from './var-content';
import type { VarContent, VarEntry } from './var-content';
import { runtimeVarFiles } from './var-files';

/**
 * Composes a runtime: `runtime/manifest.json` (upstream's manifest v2) and `var.json`, with no image's bytes copied.
 * @throws AvocadoError `OUTPUT_*`, `EXTENSION_*`, `VAR_*`, `RUNTIME_UNSUPPORTED`
 */
export async function buildRuntime(options: RuntimeBuildOptions, context: TaskContext): Promise<RuntimeManifest> {
  const { section, distro, source_date_epoch } = options;
  const { workspaceRoot, reporter } = context;
  checkRuntime(options, context);
  const { record, files } = await readRootfs(workspaceRoot, options.rootfs);
  const extensions = await readExtensions(options, context);
  for (const { record: extension } of extensions) {
    if (extension.omitted !== undefined) reporter.notice(`${extension.name} is left out: ${extension.omitted}`);
  }

  const manifest = runtimeManifest({
    runtime: { name: section.name, version: section.version ?? distro.release ?? '0.0.0' },
    rootfs: { ...file(files, 'rootfs.erofs'), build_id: record.os_build_id },
    initramfs: file(files, 'initramfs.cpio.zst'),
    kernel: { ...file(files, 'vmlinuz'), version: record.kernel.version },
    extensions,
    sourceDateEpoch: source_date_epoch,
  });
  const text = `${JSON.stringify(manifest, null, 2)}\n`;
  const content: VarContent = {
    version: 1,
    entries: [
      ...standardEntries,
      ...avocadoEntries({ id: manifest.id, text }, images(extensions)),
      ...subvolumes(options, context),
      ...extensions.flatMap(({ var: source }): VarEntry[] => (source ? [{ path: '.', kind: 'archive', source }] : [])),
      ...(await runtimeVarFiles(options, context)),
    ],
  };
  await replaceDirectory(join(workspaceRoot, options.outputPath), async (output) => {
    await mkdir(join(output, 'runtime'));
    await writeFile(join(output, 'runtime/manifest.json'), text);
    await writeFile(join(output, 'var.json'), `${canonicalJson(content)}\n`);
    await writeManifest(output, ['runtime/manifest.json', 'var.json']);
  });
  return manifest;
}

/** The OS image's record, proven, and the hashes of its files: they are proven by whoever reads their bytes. */
export async function readRootfs(
  workspaceRoot: string,
  rootfs: TaskOutput,
): Promise<{ record: RootfsRecord; files: OutputManifest['files'] }> {
  const directory = join(workspaceRoot, rootfs.path);
  const { files } = await verifyManifest(directory, rootfs.task, ['rootfs.json']);
  return { record: JSON.parse(await readFile(join(directory, 'rootfs.json'), 'utf8')) as RootfsRecord, files };
}

function file(files: OutputManifest['files'], name: string): { sha256: string; size: number } {
  const found = files[name];
  if (!found) throw new AvocadoError('OUTPUT_MISSING', `the OS image's output has no ${name}`);
  return found;
}

function images(extensions: BuiltExtension[]) {
  return extensions.flatMap(({ record, image }) =>
    record.image && image ? [{ image_id: record.image.image_id, source: image }] : [],
  );
}

function subvolumes({ section }: RuntimeBuildOptions, { reporter }: TaskContext): VarEntry[] {
  return Object.entries(section.var.subvolumes).flatMap(([name, subvolume]): VarEntry[] => {
    if (!subvolume.enabled) return [];
    const path = varPath(name);
    if (path === 'lib/avocado') return [];
    if (!subvolume.writable || subvolume.nodatacow || subvolume.quota !== undefined || subvolume.compression) {
      reporter.warn(`var subvolume ${name} is made writable, without compression, quota or nodatacow`);
    }
    return [{ path, kind: 'subvolume' }];
  });
}
