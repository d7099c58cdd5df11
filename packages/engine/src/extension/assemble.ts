import { chmod, mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { AvocadoError, diskFullError, explained } from '../error';
import type { SdkDescriptor } from '../feed/types';
import { openTree } from '../source';
import {
  canonicalJson,
  replaceDirectory,
  sha256File,
  storePath,
  withTemporaryDirectory,
  writeFileAtomic,
  writeManifest,
} from '../store';
import type { ExtensionAssembleOptions, TaskContext } from '../task';
import { checkTree } from './check';
import { placeInclude } from './include';
import { extensionIdentity } from './identity';
import type { ExtensionIdentity } from './identity';
import { packImage } from './image';
import { describeImage, extensionRecord } from './record';
import type { ExtensionRecord } from './record';
import { stageExtension } from './stage';
import { checkSupported, omissionReason } from './supported';
import { readArchives, readDescriptor } from './upstream';
import { moveVarFiles, selectVarFiles } from './var-files';
import { listTree } from './walk';

/**
 * Builds an extension: `<name>-<version>.raw`, `extension.json`, `var.tar` where there are var_files, and their manifest.
 *
 * Starts from an empty tree each time, so nothing of an earlier build can ship. The output directory is replaced as a
 * whole when everything is there; until then, and after any failure, it holds the last good output.
 * An extension that the feed leaves out gives extension.json with the reason, and no image.
 */
export async function assembleExtension(
  options: ExtensionAssembleOptions,
  context: TaskContext,
): Promise<ExtensionRecord> {
  try {
    return await assemble(options, context);
  } catch (error) {
    throw translate(error, options, context.signal);
  }
}

async function assemble(options: ExtensionAssembleOptions, context: TaskContext): Promise<ExtensionRecord> {
  const { section, position, machine } = options;
  const { workspaceRoot, reporter } = context;
  const descriptor = await readDescriptor(workspaceRoot, options.sdk, machine);
  const identity = extensionIdentity(section, descriptor, position);
  const output = join(workspaceRoot, options.outputPath);

  const omitted = omissionReason(section, descriptor.omitted);
  if (omitted !== undefined) {
    reporter.notice(`extension ${identity.name} is left out: ${omitted}`);
    const record = extensionRecord(identity, section, descriptor, { omitted, warnings: [] });
    await replaceDirectory(output, (directory) => finish(directory, record));
    return record;
  }

  checkSupported(section, position);
  if (options.source) await openTree(options.source, context);
  if (options.include) await placeInclude(options.include, descriptor, context);
  const archives = (await Promise.all(options.staged.map((staged) => readArchives(workspaceRoot, staged)))).flat();
  const record = await replaceDirectory(output, (directory) =>
    withTemporaryDirectory(storePath('work'), async (work) => {
      const sysroot = join(work, 'sysroot');
      await mkdir(sysroot);
      // It becomes the image's root directory: the umask must not show.
      await chmod(sysroot, 0o755);
      const warnings = [
        ...omittedPackages(options, descriptor),
        ...(await stageExtension(sysroot, identity, options, archives, descriptor, context)),
      ];
      const result = await makeOutputs(sysroot, directory, identity, options, descriptor, context, warnings);
      await finish(directory, result);
      return result;
    }),
  );
  for (const warning of record.warnings) reporter.warn(warning);
  return record;
}

/** From a staged sysroot to the files of the output, manifest aside. */
async function makeOutputs(
  sysroot: string,
  directory: string,
  identity: ExtensionIdentity,
  options: ExtensionAssembleOptions,
  descriptor: SdkDescriptor,
  context: TaskContext,
  warnings: string[],
): Promise<ExtensionRecord> {
  const { section, position, source_date_epoch } = options;
  const { selected, warnings: unused } = selectVarFiles(await listTree(sysroot), section.var_files, position);
  if (selected.length > 0) await moveVarFiles(sysroot, selected, join(directory, 'var.tar'), source_date_epoch);
  const misplaced = checkTree(await listTree(sysroot), section);
  context.signal.throwIfAborted();

  const step = context.reporter.step(`pack ${identity.name}`);
  const file = `${identity.name}-${identity.version}.raw`;
  const path = await packImage(sysroot, directory, file, options, descriptor, context);
  const image = await describeImage(path, section.filesystem);
  step.done(`${file}, ${(image.size / 1e6).toFixed(1)} MB`);
  return extensionRecord(identity, section, descriptor, {
    image,
    ...(selected.length > 0 ? { var: await describeVar(join(directory, 'var.tar')) } : {}),
    warnings: [...warnings, ...unused, ...misplaced],
  });
}

async function describeVar(path: string): Promise<NonNullable<ExtensionRecord['var']>> {
  return { file: 'var.tar', sha256: await sha256File(path), size: (await stat(path)).size };
}

async function finish(directory: string, record: ExtensionRecord): Promise<void> {
  await writeFileAtomic(join(directory, 'extension.json'), `${canonicalJson(record)}\n`);
  const hashed = [record.image, record.var].flatMap((part) => (part ? [part] : []));
  await writeManifest(
    directory,
    ['extension.json', ...hashed.map(({ file }) => file)],
    Object.fromEntries(hashed.map(({ file, sha256, size }) => [file, { sha256, size }])),
  );
}

function omittedPackages({ section }: ExtensionAssembleOptions, { omitted }: SdkDescriptor): string[] {
  return Object.keys(section.packages)
    .filter((name) => Object.hasOwn(omitted, name))
    .map((name) => `package ${name} of extension ${section.name} is left out: ${omitted[name]}`);
}

/** What the system may say at any point of the work, in our terms. */
function translate(error: unknown, { section, position }: ExtensionAssembleOptions, signal: AbortSignal): unknown {
  if (error instanceof AvocadoError) return error;
  if (signal.aborted) {
    return new AvocadoError('ABORTED', `the build of extension ${section.name} was stopped`, { cause: error });
  }
  const found = explained(error);
  return found === error ? error : diskFullError(`extension ${section.name}`, { position, cause: error });
}
