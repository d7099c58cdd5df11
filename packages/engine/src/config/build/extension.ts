import type { ExtensionInput } from '../schema/extension';
import type { ExtensionSection, ExtensionSource, Filesystem } from '../types';
import { compact, mapValues, text } from './compact';
import { buildFeedPackages, buildPackages, listedExtensions } from './packages';
import { buildGroup, buildOverlay, buildSubvolumes, buildUser } from './parts';

/** `rootFilesystem` is what an image is packed with unless its section says otherwise. */
export function buildExtension(name: string, input: ExtensionInput, rootFilesystem: Filesystem): ExtensionSection {
  const { summary, description, license, url, vendor, post_build } = input;
  const packages = buildPackages(input.packages);
  return {
    name,
    package_files: input.package_files ?? [],
    types: [...new Set(input.types ?? (['sysext', 'confext'] as const))],
    packages,
    sdk: { packages: buildFeedPackages(input.sdk?.packages) },
    enable_services: input.enable_services ?? [],
    on_merge: input.on_merge ?? [],
    on_unmerge: input.on_unmerge ?? [],
    modprobe: input.modprobe ?? [],
    reload_service_manager: input.reload_service_manager ?? false,
    sysext_scopes: input.sysext_scopes ?? input.scopes ?? ['system'],
    confext_scopes: input.confext_scopes ?? input.scopes ?? ['system'],
    filesystem: input.filesystem ?? rootFilesystem,
    image: { type: input.image?.type ?? 'raw', ...compact({ args: input.image?.args }) },
    var_files: input.var_files ?? [],
    docker_images: (input.docker_images ?? []).map(({ image, tag }) => ({ image, tag: text(tag) ?? 'latest' })),
    subvolumes: buildSubvolumes(input.subvolumes),
    users: mapValues(input.users, buildUser),
    groups: mapValues(input.groups, buildGroup),
    stone_include_paths: input.stone_include_paths ?? [],
    extensions: [...new Set([...(input.extensions ?? []), ...listedExtensions(packages)])],
    ...compact({ summary, description, license, url, vendor, post_build }),
    ...compact({
      version: typeof input.version === 'object' ? undefined : text(input.version),
      source: buildSource(name, input.source),
      release: text(input.release),
      overlay: buildOverlay(input.overlay),
    }),
  };
}

function buildSource(name: string, input: ExtensionInput['source']): ExtensionSource | undefined {
  if (!input) return undefined;
  const include = compact({ include: input.include });
  if (input.type === 'path') return { type: 'path', path: input.path, ...include };
  if (input.type === 'git') {
    const { url, ref, sparse_checkout } = input;
    return { type: 'git', url, ...compact({ ref: text(ref), sparse_checkout }), ...include };
  }
  const { version, repo_name } = input;
  return {
    type: 'package',
    version: String(version),
    package: input.package ?? name,
    ...compact({ repo_name }),
    ...include,
  };
}
