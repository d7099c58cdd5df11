import { constants } from 'node:fs';
import type { BigIntStats } from 'node:fs';
import { chmod, copyFile, lstat, mkdir, readFile, rename, rm, rmdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { sha256, sha256File, withTemporaryDirectory, writeFileAtomic } from '../store';
import { standIn } from './sources';
import type { SourceFile } from './sources';

/** What is known of a copied file; `source` and `copy` are signatures of their stat. */
interface Known {
  source: string;
  copy: string;
  sha256: string;
}

type Index = Record<string, Known>;

/**
 * Brings a copy of source files up to date.
 *
 * A copied file is written only when its content changed, so that its time tells cargo, make and the like what did:
 * a touched file is not built again, and one that was replaced by older content is. A copy that a script changed is
 * restored; files that scripts made beside the copied ones stay, so builds in the copy are incremental.
 * Interrupted at any point, the next call puts it right.
 * @param index file that remembers what was copied
 * @param keep says of a file copied earlier that is not among `files` now whether it stays
 */
export async function updateCopy(
  files: readonly SourceFile[],
  directory: string,
  index: string,
  keep: (path: string) => boolean = () => false,
): Promise<void> {
  const before = await readIndex(index);
  // Nobody knows what in it was copied: start over.
  if (!before) await rm(directory, { recursive: true, force: true });
  await bringUpToDate(files, directory, index, before ?? {}, keep);
}

async function bringUpToDate(
  files: readonly SourceFile[],
  directory: string,
  index: string,
  before: Index,
  keep: (path: string) => boolean,
): Promise<void> {
  const now = new Set(files.map((file) => file.path));
  const gone = Object.keys(before).filter((path) => !now.has(path) && !keep(path));
  const after: Index = { ...before };
  if (files.some((file) => !before[file.path])) {
    // Remembered before it is made: a copy that is interrupted here can still be taken away later.
    const unknown: Index = Object.fromEntries(files.map(({ path }) => [path, { source: '', copy: '', sha256: '' }]));
    await writeIndex(index, { ...unknown, ...before });
  }
  const checked = new Set<string>();
  await ensureDirectory(directory, '', checked);
  for (const path of gone) {
    await removeCopied(directory, path);
    delete after[path];
  }
  // Beside the copy: what is left of a killed process must not be seen by a build.
  await withTemporaryDirectory(dirname(index), async (work) => {
    for (const file of files) after[file.path] = await update(file, directory, before[file.path], checked, work);
  });
  await writeIndex(index, after);
}

async function update(
  file: SourceFile,
  directory: string,
  known: Known | undefined,
  checked: Set<string>,
  work: string,
): Promise<Known> {
  const target = join(directory, file.path);
  const source = await sourceSignature(file);
  await ensureDirectory(directory, dirname(file.path), checked);
  const copied = await statOf(target);
  const intact = known !== undefined && copied !== undefined && copySignature(copied) === known.copy;
  if (intact && known.source === source) return known;
  const content = await contentHash(file);
  if (intact && known.sha256 === content) return { ...known, source };
  if (copied !== undefined) await rm(target, { recursive: true, force: true });
  await write(file, target, join(work, 'file'));
  return { source, copy: copySignature(await lstat(target, { bigint: true })), sha256: content };
}

async function write(file: SourceFile, target: string, temporary: string): Promise<void> {
  if (file.link !== undefined) await symlink(file.link, temporary);
  else if (file.source === undefined) await writeFile(temporary, standIn);
  else await copyFile(file.source, temporary, constants.COPYFILE_FICLONE);
  if (file.link === undefined) await chmod(temporary, file.executable ? 0o755 : 0o644);
  await rename(temporary, target);
}

/** The mode counts as content: a script that became executable is another script. */
async function contentHash(file: SourceFile): Promise<string> {
  if (file.link !== undefined) return sha256(`link ${file.link}`);
  const content = file.source === undefined ? sha256(standIn) : await sha256File(file.source);
  return `${content}${file.executable ? 'x' : ''}`;
}

async function sourceSignature(file: SourceFile): Promise<string> {
  if (file.source === undefined) return 'stand-in';
  const stat = await statOf(file.source);
  return `${stat ? signature(stat) : ''} ${file.executable ? 'x' : ''} ${file.link ?? ''}`;
}

/** Changes whenever the source may have changed: unlike the modification time, the change time cannot be set. */
function signature({ ino, size, mtimeNs, ctimeNs, mode }: BigIntStats): string {
  return [ino, size, mtimeNs, ctimeNs, mode].join(':');
}

/** Likewise for a copy, without its change time: a hard link to it (view.ts) is no change. */
function copySignature({ ino, size, mtimeNs, mode }: BigIntStats): string {
  return [ino, size, mtimeNs, mode].join(':');
}

function statOf(path: string): Promise<BigIntStats | undefined> {
  return lstat(path, { bigint: true }).catch(() => undefined);
}

/**
 * Makes the parts of a path real directories. A script may have put a link in their place, and writing through that
 * would leave the copy.
 */
async function ensureDirectory(root: string, path: string, checked: Set<string>): Promise<void> {
  if (checked.has(path)) return;
  if (path !== '' && path !== '.') await ensureDirectory(root, dirname(path) === '.' ? '' : dirname(path), checked);
  const absolute = join(root, path);
  const stat = await lstat(absolute).catch(() => undefined);
  if (!stat?.isDirectory()) {
    await rm(absolute, { force: true });
    await mkdir(absolute, { recursive: path === '' || path === '.' });
  }
  checked.add(path);
}

async function removeCopied(directory: string, path: string): Promise<void> {
  // Nothing is removed through a link that a script put in a directory's place.
  for (let at = dirname(path); at !== '.'; at = dirname(at)) {
    if (!(await lstat(join(directory, at)).catch(() => undefined))?.isDirectory()) return;
  }
  await rm(join(directory, path), { recursive: true, force: true });
  for (let at = dirname(path); at !== '.'; at = dirname(at)) {
    try {
      await rmdir(join(directory, at));
    } catch {
      return;
    }
  }
}

/** @returns undefined where it is lost or damaged */
async function readIndex(path: string): Promise<Index | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Index;
  } catch {
    return undefined;
  }
}

async function writeIndex(path: string, index: Index): Promise<void> {
  await writeFileAtomic(path, `${JSON.stringify(index)}\n`);
}
