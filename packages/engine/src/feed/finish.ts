import { copyFile, lstat, mkdir, readFile, readdir, symlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { feedData } from './data';
import { matches } from './glob';

/** Where a sandbox mounts something: a root is read-only, so they must be there. */
const mountPoints = ['dev', 'etc', 'home', 'mnt', 'opt', 'proc', 'root', 'run', 'sys', 'tmp', 'var/tmp'];

export async function addMountPoints(directory: string): Promise<void> {
  for (const name of mountPoints) await mkdir(join(directory, name), { recursive: true });
}

/** Does to a root what the feed's data says in `finish`, in place of maintainer scripts. Never replaces a file. */
export async function finishRoot(directory: string): Promise<void> {
  const { links, programs, copies, bundles } = feedData().finish;
  for (const [link, target] of Object.entries(links)) {
    await addLink(directory, link, join(dirname(link), target));
  }
  for (const pattern of programs) {
    for (const found of await directoriesLike(directory, pattern)) {
      for (const name of (await readdir(join(directory, found))).sort()) {
        await addLink(directory, join('usr/bin', name), join(found, name));
      }
    }
  }
  for (const [to, from] of Object.entries(copies)) {
    if (!(await exists(join(directory, from))) || (await exists(join(directory, to)))) continue;
    await mkdir(dirname(join(directory, to)), { recursive: true });
    await copyFile(join(directory, from), join(directory, to));
  }
  for (const [to, from] of Object.entries(bundles)) {
    if (!(await exists(join(directory, from)))) continue;
    const names = (await readdir(join(directory, from))).sort();
    const parts = await Promise.all(names.map((name) => readFile(join(directory, from, name), 'utf8')));
    await mkdir(dirname(join(directory, to)), { recursive: true });
    await writeFile(join(directory, to), parts.map((part) => `${part.trimEnd()}\n`).join(''));
  }
}

async function addLink(directory: string, link: string, target: string): Promise<void> {
  if (!(await exists(join(directory, target))) || (await exists(join(directory, link)))) return;
  await symlink(relative(dirname(link), target) || basename(target), join(directory, link));
}

/** Directories below `directory` that match a path with `*` in some of its parts; sorted. */
async function directoriesLike(directory: string, pattern: string): Promise<string[]> {
  let found = [''];
  for (const part of pattern.split('/')) {
    const next = found.map(async (parent) => {
      const names = await readdir(join(directory, parent)).catch(() => [] as string[]);
      return names
        .filter((name) => matches(part, name))
        .sort()
        .map((name) => join(parent, name));
    });
    found = (await Promise.all(next)).flat();
  }
  return found;
}

async function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}
