import { realpath, stat } from 'node:fs/promises';
import { join, posix, relative, resolve } from 'node:path';
import { AvocadoError } from '../error';
import type { SdkDescriptor } from '../feed/types';
import type { ExtensionAssembleOptions, TaskContext } from '../task';

/** Where the sysroot of an extension stands inside the SDK (docs/architecture.md). */
export function sysrootInSdk(machine: string, name: string): string {
  return posix.join('/opt/_avocado', machine, 'extensions', name);
}

/**
 * Runs the extension's post_build script under upstream's contract (2.1b): by bash, whatever its mode and first line,
 * in the sources, with the sysroot writable.
 * @throws AvocadoError `SCRIPT_MISSING`, `COMMAND_FAILED`
 */
export async function runPostBuild(
  sysroot: string,
  options: ExtensionAssembleOptions,
  descriptor: SdkDescriptor,
  context: TaskContext,
): Promise<void> {
  const { section, machine, position } = options;
  const script = section.post_build;
  if (script === undefined) return;
  const sources = resolve(context.workspaceRoot, options.sourceRoot);
  await checkScript(sources, script, section.name, position);
  const spec = descriptor.roots.toolchain ?? descriptor.roots.tools;
  if (!spec) throw new AvocadoError('SDK_ROOT_MISSING', `${options.sdk.task} has no root that scripts could run in`);
  const prefix = posix.join('/opt/_avocado', machine);
  const target = sysrootInSdk(machine, section.name);
  const arch = spec.architecture === 'amd64' ? 'x86_64' : 'aarch64';
  await context.runner.run(
    {
      root: await context.openRoot(spec),
      argv: ['bash', script],
      cwd: '/opt/src',
      env: {
        AVOCADO_EXT_NAME: section.name,
        AVOCADO_TARGET: machine,
        AVOCADO_BUILD_EXT_SYSROOT: target,
        AVOCADO_SRC_DIR: '/opt/src',
        AVOCADO_PREFIX: prefix,
        AVOCADO_SDK_PREFIX: posix.join(prefix, 'sdk', arch),
        SOURCE_DATE_EPOCH: String(options.source_date_epoch),
      },
      mounts: [
        { source: sources, target: '/opt/src' },
        { source: sysroot, target, writable: true },
      ],
      label: `post_build of ${section.name}`,
      signal: context.signal,
    },
    context.reporter,
    { stream: true },
  );
}

async function checkScript(
  sources: string,
  script: string,
  name: string,
  position: ExtensionAssembleOptions['position'],
): Promise<void> {
  const path = join(sources, script);
  const found = await stat(path).catch(() => undefined);
  const inside = found && !/^(\.\.$|\.\.\/|\/)/.test(relative(await realpath(sources), await realpath(path)));
  if (found?.isFile() && inside && !script.startsWith('/')) return;
  throw new AvocadoError('SCRIPT_MISSING', `post_build script ${script} of ${name} is not there`, {
    position,
    hint: 'A script is a file of the project, relative to src_dir.',
  });
}
