import { lstat, mkdir, rename, rm, rmdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { AvocadoError } from '../../error';
import { temporaryName } from '../../store';
import type { Mount } from '../types';
import type { Depot } from './depot';
import { untarInto } from './untar-tree';

/** A directory when it was sent: by path, what changes when a file does. */
export interface FilesBefore {
  there: ReadonlyMap<string, string>;
  /** On this machine, where somebody else may change it meanwhile. */
  here: ReadonlyMap<string, string>;
}

/** What a command did with a directory. */
export interface Changes {
  /** New directories, parents first. */
  directories: string[];
  /** New or changed files and links. */
  files: string[];
  /** What is there no more, deepest first. */
  gone: string[];
}

const directory = 'd -';

/** What is added to the name of a file that came where another was changed here. */
const aside = '.from-sdk';

/** The time of an inode's last change tells of every change, also of one that puts the other times back. */
const list = String.raw`cd "$1"; find . -mindepth 1 \( -type d -printf 'd - %P\0' \) -o \( \( -type f -o -type l \) -printf 'f %m,%s,%T@,%C@,%i %P\0' \)`;

/** To be asked after a directory was sent and before the command. */
export async function filesBeforeCommand(depot: Depot, path: string, { source }: Mount): Promise<FilesBefore> {
  const there = parse(await depot.sh(list, [depot.path('session', path)]));
  const here = new Map<string, string>();
  for (const [name, state] of there) if (state !== directory) here.set(name, await stateOf(join(source, name)));
  return { there, here };
}

/**
 * Brings what a command changed, file by file.
 * @throws AvocadoError `DOCKER_SOURCES_CONFLICT` where a file was changed here meanwhile: it stays as it is, and what came
 * is beside it
 */
export async function fetchChanges(depot: Depot, path: string, { source }: Mount, before: FilesBefore): Promise<void> {
  const { directories, files, gone } = changesBetween(
    before.there,
    parse(await depot.sh(list, [depot.path('session', path)])),
  );
  const isUntouched = async (name: string): Promise<boolean> =>
    (await stateOf(join(source, name))) === (before.here.get(name) ?? '');
  const conflicts: string[] = [];
  const temporary = temporaryName(source);
  try {
    const came = await fetchFiles(depot, path, files, temporary);
    for (const name of directories) await mkdir(join(source, name), { recursive: true });
    for (const name of files) {
      const untouched = await isUntouched(name);
      if (!untouched) conflicts.push(name);
      const to = join(source, untouched ? name : `${name}${aside}`);
      await mkdir(dirname(to), { recursive: true });
      await rm(to, { recursive: true, force: true });
      await rename(join(came, name), to);
    }
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
  for (const name of gone) {
    // A directory may hold what was never sent.
    if (!before.here.has(name)) await rmdir(join(source, name)).catch(() => undefined);
    else if (await isUntouched(name)) await rm(join(source, name), { force: true });
    else conflicts.push(name);
  }
  if (conflicts.length === 0) return;
  const names = conflicts.slice(0, 10).join(', ');
  throw new AvocadoError('DOCKER_SOURCES_CONFLICT', `changed both here and in the container: ${names}`, {
    hint: `Yours stand as they are; what the command made of them has ${aside} at the end of its name.`,
  });
}

/** @returns the directory that they are in, below `temporary` */
async function fetchFiles(depot: Depot, path: string, files: string[], temporary: string): Promise<string> {
  const out = `${path}-changed`;
  if (files.length > 0) {
    const script = 'mkdir -p "$2"; cd "$1"; xargs --null cp -a --parents -t "$2" --';
    const places = [depot.path('session', path), depot.path('session', out)];
    await depot.sh(script, places, files.map((name) => `./${name}\0`).join(''));
    const tar = await depot.get('session', out);
    if (tar) await untarInto(tar, temporary);
  }
  return join(temporary, basename(out));
}

/** What is marked by a CACHEDIR.TAG, such as cargo's target, can be made again and is left out. Pure. */
export function changesBetween(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): Changes {
  const caches = [...after.keys()].filter((path) => basename(path) === 'CACHEDIR.TAG').map((path) => dirname(path));
  const isCached = (path: string): boolean => caches.some((cache) => path === cache || path.startsWith(`${cache}/`));
  const changed = [...after].filter(([path, state]) => before.get(path) !== state && !isCached(path));
  const paths = (isDirectory: boolean): string[] =>
    changed
      .filter(([, state]) => (state === directory) === isDirectory)
      .map(([path]) => path)
      .sort();
  const gone = [...before.keys()].filter((path) => !after.has(path)).sort();
  return { directories: paths(true), files: paths(false), gone: gone.reverse() };
}

function parse(text: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const line of text.split('\0')) {
    const [, state, path] = /^(\S \S+) ([^]*)$/.exec(line) ?? [];
    if (state !== undefined && path !== undefined) found.set(path, state);
  }
  return found;
}

/** Empty where no file is. */
async function stateOf(path: string): Promise<string> {
  const stat = await lstat(path, { bigint: true }).catch(() => undefined);
  return stat === undefined || stat.isDirectory() ? '' : `${stat.mode},${stat.size},${stat.mtimeNs},${stat.ctimeNs}`;
}
