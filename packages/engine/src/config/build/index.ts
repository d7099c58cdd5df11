import type { EnvReader } from '../interpolation-scope';
import type { RootInput } from '../schema/root';
import type { AvocadoConfig, Filesystem, KernelSection } from '../types';
import { compact, mapValues } from './compact';
import { buildExtension } from './extension';
import { buildImage, buildKernel } from './image';
import { buildPermissions } from './parts';
import { buildRuntime } from './runtime';
import { buildDistro, buildSdk, type SplitArgs } from './sdk';

export interface BuildContext {
  file: string;
  srcDir: string;
  machine: string;
  board: string;
  env: EnvReader;
  split: SplitArgs;
}

/** Fills in defaults; the input has passed the schema. Warnings are added by the caller. */
export function buildConfig(input: RootInput, context: BuildContext): AvocadoConfig {
  const { file, srcDir, machine, board, env, split } = context;
  const permissions = mapValues(input.permissions, buildPermissions);
  const defaultPermissions = Object.hasOwn(permissions, 'default') ? 'default' : undefined;
  const rootfs = mapValues(withDefault(input.rootfs), (section, name) =>
    buildImage('rootfs', name, section, defaultPermissions),
  );
  const initramfs = mapValues(withDefault(input.initramfs), (section, name) =>
    buildImage('initramfs', name, section, defaultPermissions),
  );
  const kernel: Record<string, KernelSection> = {};
  for (const [name, section] of Object.entries(input.kernel ?? {})) {
    const built = buildKernel(name, section ?? {});
    if (built) kernel[name] = built;
  }
  const rootFilesystem = (rootfs.default?.filesystem ?? 'erofs-lz4') as Filesystem;
  const runtimes = Object.entries(runtimesOf(input)).filter(
    ([, runtime]) => !runtime?.target || runtime.target === machine,
  );
  const { default_target, default_runtime, connect } = input;
  return {
    file,
    src_dir: srcDir,
    machine,
    board,
    supported_targets: input.supported_targets ?? '*',
    distro: buildDistro(input, env),
    runtimes: mapValues(Object.fromEntries(runtimes), (section, name) =>
      buildRuntime(name, section, input.kernel && Object.hasOwn(input.kernel, 'default') ? 'default' : undefined),
    ),
    extensions: mapValues(input.extensions, (section, name) => buildExtension(name, section, rootFilesystem)),
    sdk: buildSdk(input.sdk ?? {}, env, split),
    rootfs,
    initramfs,
    kernel,
    permissions,
    provision_profiles: mapValues(input.provision_profiles, (profile, name) => ({
      container_args: split(profile.container_args, ['provision_profiles', name, 'container_args']),
      state_file: profile.state_file ?? `.avocado/provision-${name}.state`,
    })),
    signing_keys: Object.assign({}, ...(input.signing_keys ?? [])) as Record<string, string>,
    source_date_epoch: input.source_date_epoch ?? 0,
    warnings: [],
    ...compact({ default_target, default_runtime, connect: connect ? { ...compact(connect) } : undefined }),
  };
}

/** A section named `default` is always there: it is what runtimes use that name none. */
function withDefault<Section>(
  sections: Record<string, Section | null> | null | undefined,
): Record<string, Section | null> {
  return sections && Object.hasOwn(sections, 'default') ? sections : { ...sections, default: null };
}

/** Upstream's implicit runtime: none is written, but there is something to boot and a target to boot it on. */
function runtimesOf(input: RootInput): NonNullable<RootInput['runtimes']> {
  if (input.runtimes) return input.runtimes;
  const bootable = input.kernel ?? input.rootfs ?? input.initramfs;
  return bootable && input.default_target ? { default: {} } : {};
}
