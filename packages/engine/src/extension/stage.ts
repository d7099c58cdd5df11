import type { SdkDescriptor } from '../feed/types';
import type { ExtensionAssembleOptions, TaskContext } from '../task';
import { stageAccounts } from './accounts';
import { stageArchive } from './archive';
import type { ExtensionIdentity } from './identity';
import { stageOverlay } from './overlay';
import { stagePackages } from './packages';
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
    await stagePackages(sysroot, (await context.openRoot(descriptor.roots.extension)).path, signal);
  }
  for (const { path, label } of archives) await stageArchive(sysroot, path, label, signal);
  if (section.overlay) {
    const { overlay } = section;
    const { sourceRoot, executables, preprocessValues: values = {} } = options;
    warnings.push(
      ...(await stageOverlay(sysroot, { workspaceRoot, sourceRoot, overlay, executables, values, position, signal })),
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
  const plan = await planServices(section.enable_services, unitsIn(directory), section.name, position);
  for (const { path, target } of plan.links) await sysroot.symlink(path, target);
  warnings.push(...plan.warnings);
  if (!section.types.includes('confext')) {
    warnings.push(`extension ${section.name} has enable_services but is no confext: the device will not see them`);
  }
  return warnings;
}
