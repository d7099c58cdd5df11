import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AvocadoError } from '../../error';
import type { Mount, SdkRoot } from '../../sdk/types';
import { storePath, withTemporaryDirectory } from '../../store';
import type { RootSpec, RpmRoot } from '../types';
import { feedPaths, newRoot } from './layout';
import type { FeedPaths } from './layout';
import { runSteps } from './run';
import type { FeedContext } from './run';
import { prefixSteps } from './steps';
import type { Step } from './steps';

/** Where the installing container sees the store's packages. */
const packageDirectory = '/mnt/rpms';
const rememberedEnvironment = '.nx-avocado.json';

/** Of an SDK root: the environment that environment-setup makes, by name. */
export async function readEnvironment(root: string, paths: FeedPaths): Promise<Record<string, string>> {
  const file = join(root, paths.sdk.slice(paths.prefix.length + 1), rememberedEnvironment);
  return JSON.parse(await readFile(file, 'utf8')) as Record<string, string>;
}

/** Variables that upstream's entry point has set before it sources environment-setup (contract 2.1). */
export function entryEnvironment(paths: FeedPaths): Record<string, string> {
  return {
    AVOCADO_TARGET: paths.machine,
    AVOCADO_SDK_TARGET: paths.machine,
    AVOCADO_SRC_DIR: '/opt/src',
    AVOCADO_PREFIX: paths.prefix,
    AVOCADO_SDK_ARCH: paths.architecture,
    AVOCADO_SDK_PREFIX: paths.sdk,
    AVOCADO_EXT_SYSROOTS: `${paths.prefix}/extensions`,
    RPM_ETCCONFIGDIR: paths.sdk,
  };
}

/**
 * Pure: what makes a root of packages that are there. The packages are exactly the pinned ones, with all that they depend
 * on, so rpm needs no more than their order, which it finds itself.
 */
export function installSteps(spec: RootSpec, rpm: RpmRoot, paths: FeedPaths): Step[] {
  const file = ({ sha256 }: { sha256: string }): string => `${packageDirectory}/${sha256}.rpm`;
  if (rpm.kind === 'tree') return [{ kind: 'unpack', packages: spec.packages.map(file), to: newRoot }];
  const install = (label: string, argv: string[]): Step => ({
    kind: 'run',
    label,
    argv: ['rpm', '--install', '--nodeps', '--excludedocs', ...argv],
    env: { RPM_ETCCONFIGDIR: paths.sdk, RPM_CONFIGDIR: `${paths.sdk}/usr/lib/rpm` },
  });
  const first = spec.packages.filter(({ name }) => rpm.bootstrap?.includes(name));
  const others = spec.packages.filter(({ name }) => !rpm.bootstrap?.includes(name));
  return [
    ...prefixSteps(paths),
    install('install the SDK', ['--noscripts', ...first.map(file)]),
    ...(others.length > 0 ? [install('install packages of the SDK', others.map(file))] : []),
    // Mount points: a root is read-only when it is used.
    ...['build', 'home/cargo'].map((name): Step => ({
      kind: 'write',
      path: `${paths.sdk}/${name}/.keep`,
      content: '',
    })),
    {
      kind: 'environment',
      from: `${paths.sdk}/environment-setup`,
      to: `${paths.sdk}/${rememberedEnvironment}`,
      env: entryEnvironment(paths),
    },
  ];
}

/**
 * Installs the packages of a root into `directory`, in one container without network.
 * @throws AvocadoError `ROOT_FAILED`, `SDK_ENVIRONMENT_MISSING`
 */
export async function installRpmRoot(
  spec: RootSpec,
  rpm: RpmRoot,
  directory: string,
  label: string,
  context: FeedContext,
): Promise<void> {
  const image: SdkRoot = await context.images.open(rpm.image);
  const paths = feedPaths(rpm.machine, rpm.build);
  await mkdir(directory, { recursive: true });
  const target = rpm.kind === 'sdk' ? paths.prefix : newRoot;
  const mounts: Mount[] = [
    {
      ...{ source: storePath('rpms'), target: packageDirectory },
      needs: spec.packages.map(({ sha256 }) => `${sha256}.rpm`),
    },
    { source: directory, target, writable: true },
  ];
  await withTemporaryDirectory(storePath('work'), async (work) => {
    const steps = [...installSteps(spec, rpm, paths), ...ownership(target)];
    await runSteps({ label: `install the ${label} root`, image, work, steps, mounts, network: false }, context).catch(
      (error: unknown) => {
        if (!(error instanceof AvocadoError) || error.code !== 'COMMAND_FAILED') throw error;
        const { output, log, rerun } = error;
        throw new AvocadoError('ROOT_FAILED', `the packages of the ${label} root cannot be installed`, {
          ...{ output, log, rerun, cause: error },
          hint: "The lines above are rpm's. If a package of the SDK is at fault, tell whoever made the feed.",
        });
      },
    );
  });
}

/** Everything in the store belongs to the user, so that it can be deleted like any directory. */
function ownership(path: string): Step[] {
  const [uid, gid] = [process.getuid?.() ?? 0, process.getgid?.() ?? 0];
  return uid === 0 ? [] : [{ kind: 'chown', path, owner: `${uid}:${gid}` }];
}
