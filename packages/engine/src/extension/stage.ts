import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExtensionSection } from '../config/types';
import type { SdkDescriptor } from '../feed/types';
import type { ExtensionAssembleOptions, TaskContext } from '../task';
import { stageAccounts } from './accounts';
import { stageArchive } from './archive';
import type { ExtensionIdentity } from './identity';
import { executablesBelow } from './include';
import { stageOverlay } from './overlay';
import { renderVarDirectories, stagePackages } from './packages';
import type { VarDirectory } from './packages';
import { runPostBuild } from './post-build';
import { detectContent, releasePath, renderRelease } from './release';
import { planServices, unitsIn } from './services';
import { Sysroot } from './sysroot';
import { listTree } from './walk';

/**
 * Fills an empty directory with everything that the extension ships, in this order: packages, compiled files, overlay,
 * accounts, the post_build script's work, release files, enabled services.
 * @returns warnings
 */
export async function stageExtension(
  directory: string,
  identity: ExtensionIdentity,
  options: ExtensionAssembleOptions,
  archives: { path: string; label: string }[],
  descriptor: SdkDescriptor,
  context: TaskContext,
): Promise<string[]> {
  const { section, position } = options;
  const { workspaceRoot, signal } = context;
  const warnings: string[] = [];
  let sysroot = new Sysroot(directory);

  if (descriptor.roots.extension) {
    sysroot.origin = 'packages';
    const root = await context.openRoot(descriptor.roots.extension);
    await stageVarDirectories(sysroot, section, await stagePackages(sysroot, root.path, signal));
  }
  for (const { path, label } of archives) await stageArchive(sysroot, path, label, signal);
  if (section.overlay) {
    const { overlay } = section;
    const { sourceRoot, source, include, preprocessValues: values = {} } = options;
    const fetched = source?.directory ?? include?.directory;
    const tree = fetched === undefined ? undefined : join(workspaceRoot, fetched);
    const executables = include ? executablesBelow(workspaceRoot, include.directory) : options.executables;
    warnings.push(
      ...(await stageOverlay(sysroot, {
        ...{ workspaceRoot, sourceRoot, overlay, executables, values, position, signal },
        reporter: context.reporter,
        ...(tree !== undefined && { tree }),
      })),
    );
  }
  warnings.push(...(await stageAccounts(sysroot, options, workspaceRoot)));
  signal.throwIfAborted();
  if (section.post_build !== undefined) {
    await runPostBuild(directory, options, descriptor, context);
    // The script may have replaced any directory with a link: nothing is known about the tree any more.
    sysroot = new Sysroot(directory);
  }

  sysroot.origin = 'release files and services';
  const detected = detectContent((await listTree(directory)).map(({ path }) => path));
  for (const type of section.types) {
    await sysroot.write(releasePath(type, identity), renderRelease(type, section, detected));
  }
  if (section.enable_services.length === 0) return warnings;
  const { services = section.enable_services.map(() => position) } = options;
  const plan = await planServices(section.enable_services, unitsIn(directory), section.name, services);
  for (const { path, target } of plan.links) await sysroot.symlink(path, target);
  warnings.push(...plan.warnings);
  if (!section.types.includes('confext')) {
    warnings.push(`extension ${section.name} has enable_services but is no confext: the device will not see them`);
  }
  return warnings;
}

/** What packages expect below /var is made on the device, by systemd-tmpfiles when the extension is merged. */
async function stageVarDirectories(
  sysroot: Sysroot,
  { name, types }: ExtensionSection,
  directories: VarDirectory[],
): Promise<void> {
  const own = (await listTree(sysroot.path)).filter(({ path }) => /(^|\/)tmpfiles\.d\/[^/]+\.conf$/.test(path));
  const texts = await Promise.all(own.map(({ path }) => readFile(join(sysroot.path, path), 'utf8')));
  const lines = renderVarDirectories(directories, texts.join('\n'));
  if (lines === '') return;
  const parent = types.includes('sysext') ? 'usr/lib/tmpfiles.d' : 'etc/tmpfiles.d';
  await sysroot.write(`${parent}/${name}-var.conf`, lines);
}
