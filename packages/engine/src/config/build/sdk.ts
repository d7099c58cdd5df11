import type { Diagnostics } from '../diagnostics';
import type { EnvReader } from '../interpolation-scope';
import type { RootInput } from '../schema/root';
import type { CompileInput, SdkInput } from '../schema/sdk';
import type { CompileSection, DistroSection, SdkSection } from '../types';
import { splitArguments } from '../container-args';
import { compact, mapValues, text } from './compact';
import { buildFeedPackages } from './packages';

/** Splits container arguments; where they stand is for messages. */
export type SplitArgs = (input: string | string[] | null | undefined, path: readonly string[]) => string[];

export function argumentSplitter(
  env: EnvReader,
  diagnostics: Diagnostics,
  offsetAt: (path: readonly (string | number)[]) => number,
): SplitArgs {
  return (input, path) => {
    const list = typeof input === 'string' ? [input] : (input ?? []);
    return list.flatMap((item, index) => {
      const place = typeof input === 'string' ? path : [...path, index];
      return splitArguments(item, env, {
        error: (message) => diagnostics.error(offsetAt(place), { code: 'CONFIG_CONTAINER_ARGS', message }),
        warn: (message) => diagnostics.warn(offsetAt(place), { code: 'CONFIG_ENV_UNSET', message }),
      });
    });
  };
}

export function buildSdk(input: SdkInput, env: EnvReader, split: SplitArgs): SdkSection {
  const { image, repo_url } = input;
  const dnf_args = words(env('AVOCADO_DNF_ARGS'));
  return {
    packages: buildFeedPackages(input.packages),
    compile: mapValues(input.compile, (section, name) => buildCompile(name, section)),
    container_args: split(input.container_args, ['sdk', 'container_args']),
    disable_weak_dependencies: input.disable_weak_dependencies ?? false,
    ...(dnf_args.length > 0 && { dnf_args }),
    ...compact({ image, repo_url, repo_release: text(input.repo_release) }),
    ...compact({
      host_uid: id(env('AVOCADO_HOST_UID')) ?? input.host_uid,
      host_gid: id(env('AVOCADO_HOST_GID')) ?? input.host_gid,
    }),
  };
}

/** As upstream's shell splits it. */
function words(value = ''): string[] {
  return value.split(/\s+/).filter((word) => word !== '');
}

function id(value: string | undefined): number | undefined {
  return value !== undefined && /^\d{1,10}$/.test(value) ? Number(value) : undefined;
}

function buildCompile(name: string, input: CompileInput): CompileSection {
  const { compile, clean } = input;
  return {
    name,
    packages: buildFeedPackages(input.packages),
    ...compact({ compile, clean, package: input.package ? { ...compact(input.package) } : undefined }),
  };
}

/** Upstream's order: environment, the older name of the variable, `distro`, the legacy keys of `sdk` (contract 1.2). */
export function buildDistro(input: RootInput, env: EnvReader): DistroSection {
  const { distro, sdk } = input;
  const set = (name: string): string | undefined => env(name) || undefined;
  const release = set('AVOCADO_DISTRO_RELEASE') ?? text(distro?.release);
  const channel = set('AVOCADO_DISTRO_CHANNEL') ?? distro?.channel ?? undefined;
  const releasever =
    set('AVOCADO_RELEASEVER') ??
    set('AVOCADO_SDK_REPO_RELEASE') ??
    text(distro?.repo?.releasever) ??
    text(sdk?.repo_release) ??
    (release && channel ? `${release}/${channel}` : undefined);
  const url = set('AVOCADO_REPO_URL') ?? set('AVOCADO_SDK_REPO_URL') ?? distro?.repo?.url ?? sdk?.repo_url ?? undefined;
  const insecure = ['1', 'true', 'yes'].includes((set('AVOCADO_REPO_INSECURE') ?? '').toLowerCase());
  return {
    repo: {
      tls_verify: insecure ? false : (distro?.repo?.tls_verify ?? true),
      ...compact({ url, releasever, ca: set('AVOCADO_REPO_CA') ?? distro?.repo?.ca }),
    },
    ...compact({ release, channel }),
  };
}
