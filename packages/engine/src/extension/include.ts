import { lstatSync, readdirSync } from 'node:fs';
import { join, posix } from 'node:path';
import { AvocadoError } from '../error';
import { openInclude } from '../feed/avocado/include';
import type { SdkDescriptor } from '../feed/types';
import type { Included, TaskContext } from '../task';

/** Puts a package extension's files where its sources are to be. @throws AvocadoError `SDK_ROOT_MISSING` */
export async function placeInclude(
  { directory, inPackage }: Included,
  { roots }: SdkDescriptor,
  context: TaskContext,
): Promise<void> {
  const { images } = context;
  if (!roots.include || !images) throw new AvocadoError('SDK_ROOT_MISSING', 'the package extension has no package');
  await openInclude(roots.include, directory, inPackage, { ...context, images });
}

/** Files with an executable bit below a directory, relative to the workspace root: of a package they are its own. */
export function executablesBelow(workspaceRoot: string, directory: string): string[] {
  return readdirSync(join(workspaceRoot, directory), { withFileTypes: true }).flatMap((entry) => {
    const path = posix.join(directory, entry.name);
    if (entry.isDirectory()) return executablesBelow(workspaceRoot, path);
    return entry.isFile() && (lstatSync(join(workspaceRoot, path)).mode & 0o111) !== 0 ? [path] : [];
  });
}
