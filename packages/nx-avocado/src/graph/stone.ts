import { posix } from 'node:path';
import type { StoneOptions } from '@nx-avocado/engine/task';
import type { RuntimeSlice } from './model';

/** What `provision` of the avocado feed hands to the SDK's programs. */
export function stoneOptions({
  section,
  sourceRoot,
  rootfs,
  distro,
  profiles,
  containerArgs = [],
}: RuntimeSlice): StoneOptions {
  const { stone_include_paths: include, stone_manifest: manifest } = section;
  const { filesystem } = rootfs;
  return {
    sourceRoot,
    include,
    ...(manifest !== undefined && { manifest }),
    filesystem,
    distro,
    profiles,
    containerArgs,
  };
}

/** The files of the project that those programs read. */
export function stoneFiles(slices: Record<string, RuntimeSlice>): string[] {
  return Object.values(slices).flatMap(({ section, sourceRoot }) =>
    [
      ...section.stone_include_paths.map((path) => `${path}/**/*`),
      ...(section.stone_manifest === undefined ? [] : [section.stone_manifest]),
    ]
      .filter((path) => !posix.isAbsolute(path))
      .map((path) => posix.join(sourceRoot, path)),
  );
}
