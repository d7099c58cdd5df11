import type { PackageFiles, PackagePin } from '../feed';
import type { ImageFiles } from './image-files';
import type { ContentGroup } from './summary';

/** The package of all files below a directory: the kernel's modules, and the index that the build makes of them. */
export interface OwnedDirectory {
  path: string;
  pin: PackagePin;
}

/**
 * An image's files by the package that brought them, the largest first. Pure.
 * @param rest name of what no package brought: the build's own work
 */
export function contentGroups(
  files: ImageFiles,
  packages: readonly PackageFiles[],
  directories: readonly OwnedDirectory[],
  rest: string,
): ContentGroup[] {
  const owners = new Map<string, PackagePin>();
  for (const { pin, paths } of packages) for (const path of paths) owners.set(mergedUsr(path), pin);
  const ownerOf = (path: string): PackagePin | undefined =>
    owners.get(path) ?? directories.find((directory) => path.startsWith(`${directory.path}/`))?.pin;
  const groups = new Map<string, ContentGroup>();
  for (const [path, bytes] of files) {
    const owner = ownerOf(path);
    const name = owner?.name ?? rest;
    const group = groups.get(name) ?? { name, ...(owner && { version: owner.version }), bytes: 0, files: 0 };
    groups.set(name, { ...group, bytes: group.bytes + bytes, files: group.files + 1 });
  }
  return [...groups.values()].sort((a, b) => b.bytes - a.bytes || (a.name < b.name ? -1 : 1));
}

/** Debian's root is merged into /usr, and a package may still say `/lib/x`. */
function mergedUsr(path: string): string {
  return /^(?:bin|sbin|lib|lib32|lib64|libx32)\//.test(path) ? `usr/${path}` : path;
}
