import { readFileSync, realpathSync, statSync } from 'node:fs';
import { isAbsolute, join, relative, sep } from 'node:path';
import { pathProblem } from './names';

/** Why a file could not be had, as a sentence without its name. */
export class ReadProblem extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** Reads a whole text file; throws what `fs.readFileSync` throws. */
export type ReadFile = (path: string) => string | Uint8Array;

/** UTF-8 without a byte order mark. Anything else is refused: a lossy reading would change names silently. */
export function decodeText(content: string | Uint8Array, limit: number): string {
  const size = typeof content === 'string' ? content.length : content.byteLength;
  if (size > limit) throw new ReadProblem('CONFIG_TOO_LARGE', `is larger than ${limit / 1024} KiB`);
  if (typeof content === 'string') return content.replace(/^\ufeff/, '');
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(content);
  } catch {
    throw new ReadProblem('CONFIG_ENCODING', 'is not UTF-8 text');
  }
}

export function readText(path: string, limit: number, readFile?: ReadFile): string {
  let content: string | Uint8Array;
  try {
    if (readFile === undefined && statSync(path).size > limit) {
      throw new ReadProblem('CONFIG_TOO_LARGE', `is larger than ${limit / 1024} KiB`);
    }
    content = (readFile ?? readFileSync)(path);
  } catch (error) {
    if (error instanceof ReadProblem) throw error;
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') throw new ReadProblem('CONFIG_NOT_FOUND', 'does not exist');
    if (code === 'EISDIR') throw new ReadProblem('CONFIG_UNREADABLE', 'is a directory');
    throw new ReadProblem('CONFIG_UNREADABLE', `cannot be read (${code ?? 'unknown reason'})`);
  }
  return decodeText(content, limit);
}

/** Reads a file that must be below `root`, links followed. */
export function readTextBelow(root: string, path: string, limit: number, readFile?: ReadFile): string {
  const problem = pathProblem(path);
  if (problem !== undefined) throw new ReadProblem('CONFIG_PATH_OUTSIDE', problem);
  const full = join(root, path);
  if (readFile === undefined && leaves(root, full)) {
    throw new ReadProblem('CONFIG_PATH_OUTSIDE', 'is a link that leaves src_dir');
  }
  return readText(full, limit, readFile);
}

function leaves(root: string, path: string): boolean {
  try {
    const inside = relative(realpathSync(root), realpathSync(path));
    return inside === '..' || inside.startsWith(`..${sep}`) || isAbsolute(inside);
  } catch {
    return false; // It does not exist; reading it says so.
  }
}
