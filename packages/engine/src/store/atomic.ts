import { randomBytes } from 'node:crypto';
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { isRunning } from './running';

/** A name beside `path`, on the same filesystem, that no other process uses. Leftovers start with `.tmp-`. */
export function temporaryName(path: string): string {
  return join(dirname(path), `.tmp-${basename(path)}-${process.pid}-${randomBytes(6).toString('hex')}`);
}

/** The id of the process that a leftover of `temporaryName` is of. */
export function leftoverProcess(name: string): number | undefined {
  const pid = /^\.tmp-.*-(\d+)-[0-9a-f]{12}$/.exec(name)?.[1];
  return pid === undefined ? undefined : Number(pid);
}

/**
 * Removes what killed processes left in `directory`: temporary names whose process is gone. A store that several
 * process namespaces write at once would need more than a process id; none of ours does.
 */
export async function sweepLeftovers(directory: string): Promise<void> {
  for (const name of await readdir(directory)) {
    const pid = leftoverProcess(name);
    if (pid === undefined || isRunning(pid)) continue;
    // Several processes may sweep at once, and in a directory of all users some belong to others.
    await rm(join(directory, name), { recursive: true, force: true, maxRetries: 5 }).catch(
      unless('ENOTEMPTY', 'EACCES', 'EPERM'),
    );
  }
}

/** Old or new, never half: written beside, synced, renamed. */
export async function writeFileAtomic(path: string, data: string | Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const temporary = temporaryName(path);
  try {
    const handle = await open(temporary, 'wx', 0o644);
    try {
      await handle.writeFile(data);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/**
 * Makes a directory as a whole: `fill` writes into a temporary one, which then takes the place of `path`.
 * What stood at `path` is removed only after `fill` succeeded; a failed `fill` leaves it as it was.
 * @param isSame whether `path` has what was made already: then it is not touched, for others may be reading it
 */
export async function replaceDirectory<T>(
  path: string,
  fill: (temporary: string) => Promise<T>,
  isSame: (temporary: string) => Promise<boolean> = () => Promise.resolve(false),
): Promise<T> {
  await mkdir(dirname(path), { recursive: true });
  await sweepLeftovers(dirname(path));
  const temporary = temporaryName(path);
  try {
    await mkdir(temporary);
    const result = await fill(temporary);
    if (!(await isSame(temporary))) await takePlace(temporary, path);
    return result;
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

/** Another process may do the same at the same time: the last one stays, and each is whole. */
async function takePlace(temporary: string, path: string): Promise<void> {
  for (;;) {
    const old = temporaryName(path);
    try {
      await rename(path, old).catch(unless('ENOENT'));
      await rename(temporary, path);
      return;
    } catch (error) {
      unless('ENOTEMPTY', 'EEXIST')(error as NodeJS.ErrnoException);
    } finally {
      await rm(old, { recursive: true, force: true });
    }
  }
}

function unless(...codes: string[]): (error: NodeJS.ErrnoException) => void {
  return (error) => {
    if (!codes.includes(error.code ?? '')) throw error;
  };
}

/** A directory that is gone when `use` ends, however it ends. */
export async function withTemporaryDirectory<T>(parent: string, use: (directory: string) => Promise<T>): Promise<T> {
  await mkdir(parent, { recursive: true });
  await sweepLeftovers(parent);
  const directory = temporaryName(join(parent, 'work'));
  await mkdir(directory);
  try {
    return await use(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
