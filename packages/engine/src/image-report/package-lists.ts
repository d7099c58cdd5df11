import { stat } from 'node:fs/promises';
import { packageFiles } from '../feed';
import type { PackageFiles, PackagePin, RootSpec } from '../feed';
import { readBase } from '../runtime/base';
import { storePath, use } from '../store';
import type { TaskContext } from '../task';

/**
 * The files of a root's packages. Of an installed root that is on this machine, dpkg's own lists in it say so; else the
 * packages are opened one by one, which takes ten times as long.
 * @throws AvocadoError as `packageFiles`
 */
export async function packageLists(spec: RootSpec | undefined, context: TaskContext): Promise<PackageFiles[]> {
  if (!spec) return [];
  const name = `${spec.digest}.tar`;
  await use('roots', name);
  const tar = storePath('roots', name);
  const isThere = spec.method === 'install' && (await stat(tar).catch(() => undefined)) !== undefined;
  if (!isThere) return packageFiles(spec.packages, context);
  const { texts } = await readBase(tar, spec.packages.flatMap(lists));
  return spec.packages.map((pin) => ({ pin, paths: lists(pin).flatMap((list) => filesIn(texts.get(list))) }));
}

/** A package that can be installed for several architectures at once has its own in the name of its list. */
function lists({ name, architecture }: PackagePin): string[] {
  return [name, `${name}:${architecture}`].map((file) => `var/lib/dpkg/info/${file}.list`);
}

/** Directories stand in it as well, and are no file of the image. */
function filesIn(list = ''): string[] {
  return list.split('\n').map((line) => line.replace(/^\//, ''));
}
