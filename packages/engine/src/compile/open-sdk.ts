import { existsSync, readdirSync } from 'node:fs';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AvocadoError } from '../error';
import type { RootSpec, SdkDescriptor } from '../feed/types';
import { isTarget, targetTriple } from '../rust';
import { architectures, prefixEntries, sdkPaths, sysrootLinks } from '../sdk';
import type { Mount, PrefixEntry, SdkPaths, SdkRoot } from '../sdk';
import { canonicalJson, replaceDirectory, sha256, storePath, use, verifyManifest, withLock } from '../store';
import type { TaskContext, TaskOutput } from '../task';

/** A project's SDK on this machine, ready to compile in. */
export interface OpenSdk {
  /** The toolchain, or the image tools where the project has none. */
  root: SdkRoot;
  paths: SdkPaths;
  /** `AVOCADO_SDK_PREFIX` and, where there is one, the target's sysroot; both read-only. */
  mounts: Mount[];
  buildArchitecture: 'amd64' | 'arm64';
  targetArchitecture: 'amd64' | 'arm64';
  sysroot: boolean;
  triple?: string;
  /** What the SDK's own environment-setup sets; absent where ours stands in for it. */
  setup?: Record<string, string>;
  /** sha256 (hex) over everything above: a build directory made with one SDK is not used with another. */
  digest: string;
}

/** @throws AvocadoError `OUTPUT_MISSING`, `OUTPUT_CORRUPT`, `SDK_ROOT_MISSING`, `RUST_TARGET_AMBIGUOUS` */
export async function openSdk(machine: string, sdk: TaskOutput, context: TaskContext): Promise<OpenSdk> {
  const directory = join(context.workspaceRoot, sdk.path);
  await verifyManifest(directory, sdk.task, ['sdk.json']);
  const { roots } = JSON.parse(await readFile(join(directory, 'sdk.json'), 'utf8')) as SdkDescriptor;
  const spec = roots.toolchain ?? roots.tools;
  if (!spec) {
    throw new AvocadoError('SDK_ROOT_MISSING', `the SDK of ${sdk.task} has neither a toolchain nor tools`, {
      hint: 'Add the compilers that the scripts need to sdk.packages of the extension.',
    });
  }
  const root = await context.openRoot(spec);
  const sysroot = roots.sysroot && (await context.openRoot(roots.sysroot));
  const buildArchitecture = spec.architecture;
  const targetArchitecture = roots.sysroot?.architecture ?? spec.architecture;
  const setup = spec.rpm ? root.env : undefined;
  const triple = sysroot && (setup ? setupTriple(root, setup) : findTriple(sysroot, targetArchitecture));
  const shape = {
    machine,
    buildArchitecture,
    targetArchitecture,
    sysroot: sysroot !== undefined,
    ...(triple !== undefined && { triple }),
  };
  const paths = sdkPaths(machine, buildArchitecture);
  const mounts: Mount[] = [
    // An SDK of RPMs has its prefix itself.
    ...(setup ? [] : [{ source: await makeDirectory('prefix', prefixEntries(shape)), target: paths.sdk }]),
    ...(sysroot ? await sysrootMounts(sysroot, paths) : []),
  ];
  const digest = sha256(canonicalJson([shape, spec.digest, roots.sysroot?.digest ?? null]));
  return { root, paths, mounts, digest, ...(setup && { setup }), ...withoutMachine(shape) };
}

function withoutMachine<T extends { machine: string }>({ machine: _machine, ...rest }: T): Omit<T, 'machine'> {
  return rest;
}

/** The one target specification in the SDK's RUST_TARGET_PATH; the SDK's own (`-avocadosdk-`) stands beside it. */
export function setupTriple(root: Pick<SdkRoot, 'mounts'>, setup: Record<string, string>): string | undefined {
  const { RUST_TARGET_PATH: path, OECORE_TARGET_ARCH: architecture } = setup;
  const mount = root.mounts?.find(({ target }) => path?.startsWith(`${target}/`));
  if (path === undefined || architecture === undefined || !mount) return undefined;
  const directory = join(mount.source, path.slice(mount.target.length));
  const files = existsSync(directory) ? readdirSync(directory).filter((name) => name.endsWith('.json')) : [];
  // C needs no triple of Rust's: an SDK whose Rust is for itself alone will do.
  const names = files.filter((name) => isTarget(name, architecture));
  return names.length === 0 ? undefined : targetTriple(names, architecture);
}

function findTriple(sysroot: SdkRoot, architecture: RootSpec['architecture']): string | undefined {
  const directory = join(sysroot.path, 'usr/lib/rustlib');
  const { machine } = architectures[architecture];
  const names = existsSync(directory) ? readdirSync(directory).filter((name) => name.startsWith(`${machine}-`)) : [];
  return names.length === 0 ? undefined : targetTriple(names, machine);
}

/** An unpacked sysroot's directories, and the links of a merged /usr where its packages bring none. */
async function sysrootMounts(sysroot: SdkRoot, paths: SdkPaths): Promise<Mount[]> {
  const entries = readdirSync(sysroot.path, { withFileTypes: true });
  const directories = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  const links = Object.entries(sysrootLinks).filter(([name]) => !directories.includes(name));
  const shell = await makeDirectory('sysroot', [
    ...directories.map((path) => ({ path, directory: true as const })),
    ...links.map(([path, link]) => ({ path, link })),
  ]);
  return [
    { source: shell, target: paths.sysroot },
    ...directories.map((name) => ({ source: join(sysroot.path, name), target: `${paths.sysroot}/${name}` })),
  ];
}

/** A directory of the store with these entries, named by their content and so made only once. */
async function makeDirectory(kind: string, entries: readonly PrefixEntry[]): Promise<string> {
  const name = `${kind}-${sha256(canonicalJson(entries)).slice(0, 16)}`;
  const path = storePath('work', name);
  await use('work', name);
  if (existsSync(path)) return path;
  await withLock(storePath('locks', name), async () => {
    if (existsSync(path)) return;
    await replaceDirectory(path, async (temporary) => {
      for (const entry of entries) {
        const at = join(temporary, entry.path);
        await mkdir('directory' in entry ? at : dirname(at), { recursive: true });
        if ('link' in entry) await symlink(entry.link, at);
        else if ('content' in entry) await writeFile(at, entry.content);
      }
    });
  });
  return path;
}
