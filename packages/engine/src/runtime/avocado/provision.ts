import { copyFile, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join, posix } from 'node:path';
import { openSdk } from '../../compile/open-sdk';
import { AvocadoError } from '../../error';
import { programs } from '../../feed/avocado/layout';
import { listTree } from '../../extension/walk';
import { scriptEnvironment } from '../../sdk';
import type { Mount } from '../../sdk';
import { canonicalJson, replaceDirectory, sha256File, storePath, uuid5, withTemporaryDirectory } from '../../store';
import { writeFileAtomic, writeManifest } from '../../store';
import type { ProvisionOptions, TaskContext } from '../../task';
import { readRootfs } from '../build';
import { provePart } from '../parts';
import type { ProvisionInput } from '../provision';
import { stageVar } from '../var-staging';
import { layRuntimeOut } from './layout';

/** Any constant would do; it must never change. */
const varNamespace = '0b5c7b0e-0c55-5c2c-9d0d-7f4f5e0f7c11';

/** `provision.json`: what avocado-provision-<target> made. Each file stands beside it as `files/<name>.zst`. */
export interface ProvisionRecord {
  version: 1;
  machine: string;
  runtime: string;
  profile?: string;
  /** As they are when unpacked; `size` in bytes. */
  files: { name: string; sha256: string; size: number }[];
}

/**
 * Provisions a runtime of the avocado feed: the SDK's `stone` and `avocado-provision-<target>`, with upstream's environment
 * and layout, in one container. What they make is kept compressed: a raw disk is mostly holes, which Nx's cache would fill.
 * @throws AvocadoError `PROVISION_STATE_ESCAPES`, `OUTPUT_*`, `COMMAND_FAILED`, `PROVISION_EMPTY`
 */
export async function provisionRuntime(
  options: ProvisionOptions,
  { manifest, content, rootfs }: ProvisionInput,
  context: TaskContext,
): Promise<ProvisionRecord> {
  const { workspaceRoot, reporter, runner, signal } = context;
  const { machine, runtimeName, profile, stone } = options;
  const { record: os } = await readRootfs(workspaceRoot, options.rootfs);
  const sdk = await openSdk(machine, options.sdk, context);
  const { prefix } = sdk.paths;
  const state = stateFile(options, workspaceRoot);
  const step = reporter.step(`provision ${runtimeName}${profile === undefined ? '' : ` (${profile})`}`);
  return replaceDirectory(join(workspaceRoot, options.outputPath), (output) =>
    withTemporaryDirectory(storePath('work'), async (work) => {
      const staged = join(work, 'var');
      await mkdir(staged);
      const subvolumes = await stageVar(content, staged, workspaceRoot, signal);
      const proven = async (name: string) => provePart(workspaceRoot, rootfs(name));
      await layRuntimeOut(join(work, 'prefix'), {
        machine,
        runtime: runtimeName,
        kernel: { ...os.kernel, file: await proven('vmlinuz') },
        rootfs: { file: await proven('rootfs.erofs'), filesystem: stone?.filesystem ?? 'erofs-lz4' },
        initramfs: await proven('initramfs.cpio.zst'),
        release: await proven('os-release'),
      });
      const results = join(work, 'prefix/output/provision');
      const stateInside = `output/runtimes/${runtimeName}/provision-state.state`;
      if (state) await copyFile(state, join(work, 'prefix', stateInside)).catch(ignoreMissing);
      const shown = ['runtimes', 'output', 'rootfs', 'initramfs', 'kernel'];
      const mounts: Mount[] = [
        ...sdk.mounts,
        { source: programs.source, target: programs.target },
        { source: staged, target: '/mnt/var' },
        { source: join(workspaceRoot, stone?.sourceRoot ?? options.rootfs.path), target: sdk.paths.source },
        { source: output, target: '/work/out', writable: true },
        ...shown.map((name) => ({ source: join(work, 'prefix', name), target: `${prefix}/${name}`, writable: true })),
      ];
      await runner.run(
        {
          root: sdk.root,
          argv: ['bash', `${programs.target}/provision.sh`],
          cwd: sdk.paths.source,
          env: {
            ...scriptEnvironment({ ...sdk, machine, source_date_epoch: options.source_date_epoch }),
            AVOCADO_EXT_SYSROOTS: `${prefix}/runtimes/${runtimeName}/extensions`,
            ...upstreamEnvironment(options, os.kernel.version, prefix),
            AVOCADO_EXT_LIST: manifest.extensions.map(({ name, version }) => `${name}-${version}`).join(' '),
            ...(state && { AVOCADO_PROVISION_STATE: `${prefix}/${stateInside}` }),
            VAR_SUBVOLUMES: subvolumes.map((path) => `--subvol rw:${path}`).join(' '),
            VAR_UUID: uuid5(varNamespace, manifest.id),
          },
          mounts,
          ...(stone && {
            containerArgs: [...stone.containerArgs, ...(stone.profiles[profile ?? '']?.container_args ?? [])],
          }),
          label: `provision of ${runtimeName}`,
          signal,
        },
        reporter,
        { stream: true },
      );
      const made = (await listTree(results)).filter(({ kind }) => kind === 'file').map(({ path }) => path);
      if (made.length === 0 && (profile ?? 'img') === 'img') {
        throw new AvocadoError('PROVISION_EMPTY', `avocado-provision-${machine} made no file`);
      }
      const files = [];
      for (const name of made.sort()) {
        const path = join(results, name);
        files.push({ name, sha256: await sha256File(path), size: (await stat(path)).size });
      }
      const record: ProvisionRecord = {
        ...{ version: 1, machine, runtime: runtimeName, files },
        ...(profile !== undefined && { profile }),
      };
      await writeFile(join(output, 'provision.json'), `${canonicalJson(record)}\n`);
      await writeManifest(output, ['provision.json', ...files.map(({ name }) => `files/${name}.zst`)]);
      if (state) await keepState(join(work, 'prefix', stateInside), state);
      step.done(files.map(({ name }) => name).join(', '));
      return record;
    }),
  );
}

/** What upstream's `provision` sets beside the environment of scripts (contract 2.8). Pure. */
export function upstreamEnvironment(
  { machine, runtimeName, profile, stone }: ProvisionOptions,
  kernel: string,
  prefix: string,
  platform: NodeJS.Platform = process.platform,
): Record<string, string> {
  const inside = (path: string): string => (posix.isAbsolute(path) ? path : posix.join('/opt/src', path));
  const release = stone?.distro.release;
  return {
    AVOCADO_TARGET: machine,
    AVOCADO_RUNTIME: runtimeName,
    AVOCADO_RUNTIME_NAME: runtimeName,
    ...(release !== undefined && { AVOCADO_RUNTIME_VERSION: release, AVOCADO_DISTRO_VERSION: release }),
    AVOCADO_RUNTIME_BUILD_DIR: `${prefix}/runtimes/${runtimeName}`,
    AVOCADO_USB_PASSTHROUGH: platform === 'linux' ? '1' : '0',
    AVOCADO_PROVISION_OUT: `${prefix}/output/provision`,
    AVOCADO_PROVISION_KERNEL_VERSION: kernel,
    AVOCADO_PROVISION_KERNEL_IMAGE: `${prefix}/kernel/${kernel}/Image`,
    ...(profile !== undefined && { AVOCADO_PROVISION_PROFILE: profile }),
    ...(stone && stone.include.length > 0 && { AVOCADO_STONE_INCLUDE_PATHS: stone.include.map(inside).join(' ') }),
    ...(stone?.manifest !== undefined && { AVOCADO_STONE_MANIFEST: inside(stone.manifest) }),
  };
}

/** Where a profile keeps what it remembers from one run to the next; only with a profile, as upstream. */
function stateFile({ profile, stone }: ProvisionOptions, workspaceRoot: string): string | undefined {
  if (profile === undefined || !stone) return undefined;
  const written = stone.profiles[profile]?.state_file ?? `.avocado/provision-${profile}.state`;
  const path = posix.normalize(posix.join(stone.sourceRoot, written));
  if (!posix.isAbsolute(written) && path !== '..' && !path.startsWith('../')) return join(workspaceRoot, path);
  throw new AvocadoError('PROVISION_STATE_ESCAPES', `provision_profiles.${profile}.state_file leaves the workspace`, {
    hint: 'Write it relative to src_dir.',
  });
}

async function keepState(from: string, to: string): Promise<void> {
  const text = await readFile(from).catch(ignoreMissing);
  if (!text) return;
  await mkdir(dirname(to), { recursive: true });
  await writeFileAtomic(to, text);
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
  return undefined;
}
