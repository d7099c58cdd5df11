import { posix } from 'node:path';
import type { CargoCrossOptions, SdkCompileOptions } from '../task';
import { isIgnoredPath } from './sources';

/** How a crate declares files that its build may not see yet. */
export function declareForCrate({ crate }: Pick<CargoCrossOptions, 'crate'>, root: string, paths: string[]): string {
  const ignored = paths.filter((path) => isIgnoredPath(root, path));
  const inputs = paths.filter((path) => !ignored.includes(path)).map((path) => posix.relative(crate, path));
  return [
    ...(inputs.length > 0
      ? [
          `A build sees its crate and the crates it depends on by path. Add to [package.metadata.avocado] of ` +
            `${posix.join(crate, 'Cargo.toml')}: inputs = [${inputs.map((path) => JSON.stringify(path)).join(', ')}]`,
        ]
      : []),
    ...whyIgnored(ignored),
  ].join('. ');
}

/** The same for scripts, which see all of `src_dir` but overlays and what belongs to other tasks. */
export function declareForScript(options: SdkCompileOptions, root: string, paths: string[]): string {
  const { sourceRoot, exclude } = options;
  const within = (path: string, directory: string): boolean =>
    directory === '.' || directory === '' || path === directory || path.startsWith(`${directory}/`);
  const outside = paths.filter((path) => !within(path, sourceRoot));
  const excluded = paths.filter((path) => exclude.some((one) => within(path, posix.join(sourceRoot, one))));
  const others = paths.filter((path) => !outside.includes(path) && !excluded.includes(path));
  const ignored = others.filter((path) => isIgnoredPath(root, path));
  return [
    ...(outside.length > 0
      ? [
          `Scripts see src_dir, which is ${sourceRoot}. Move ${outside.join(', ')} below it, or set src_dir in ` +
            `avocado.yaml to ${commonDirectory([sourceRoot, ...outside])}, to which its other paths are then relative`,
        ]
      : []),
    ...(excluded.length > 0
      ? [`Overlays, avocado.yaml and its lock are no input of scripts: keep a copy of ${excluded.join(', ')} elsewhere`]
      : []),
    ...whyIgnored(ignored),
  ].join('. ');
}

function whyIgnored(paths: string[]): string[] {
  if (paths.length === 0) return [];
  return [`Version control ignores ${paths.join(', ')}, so no build may depend on it: take it out of .gitignore`];
}

function commonDirectory(paths: string[]): string {
  const [first = [], ...rest] = paths.map((path) => posix.normalize(path).split('/'));
  const length = first.findIndex((part, index) => rest.some((other) => other[index] !== part));
  return first.slice(0, length === -1 ? first.length : length).join('/') || 'the workspace root';
}
