import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import ignore from 'ignore';
import type { Ignore } from 'ignore';

/** A file or link that a build may read. */
export interface SourceFile {
  /** Relative to the tree's root, with `/`. */
  path: string;
  /** Absolute path on this machine; absent for a stand-in, which is only there to be found. */
  source?: string;
  executable?: boolean;
  /** Set for a symbolic link, which is copied as it is and never followed. */
  link?: string;
}

/** Never source: version control, and what tools make. */
const neverSource = new Set(['.git', '.hg', '.svn', '.avocado', '.nx', 'node_modules']);

/** Files that name what is ignored; Nx hashes nothing that one of them matches, so a build must not see it either. */
const ignoreFiles = ['.gitignore', '.nxignore'];

/** Where one is compiled after all, the error says why. */
export const standIn = 'compile_error!("this file is no input of the build: see [package.metadata.avocado] inputs");\n';

interface Rules {
  /** Path of the directory that the rules stand in, relative to the root. */
  base: string;
  rules: Ignore;
}

/**
 * The source files below `start`, sorted by path: all but what version control ignores and what tools made.
 * @param root absolute; ignore files count from here on
 * @param start a directory or file, relative to `root`; `''` is the root itself
 * @param skip paths relative to `root` that are left out with everything below them
 */
export function listSources(root: string, start: string, skip: readonly string[] = []): SourceFile[] {
  const skipped = new Set(skip);
  const files: SourceFile[] = [];
  const walk = (directory: string, above: readonly Rules[]): void => {
    const absolute = join(root, directory);
    const rules = [...above, ...readRules(root, directory)];
    for (const entry of readdirSync(absolute, { withFileTypes: true })) {
      const path = directory === '' ? entry.name : `${directory}/${entry.name}`;
      const isDirectory = entry.isDirectory();
      if (neverSource.has(entry.name) || skipped.has(path) || isIgnored(path, isDirectory, rules)) continue;
      // The mark of a directory that can be made again, such as cargo's target: https://bford.info/cachedir/
      if (isDirectory && existsSync(join(root, path, 'CACHEDIR.TAG'))) continue;
      if (isDirectory) walk(path, rules);
      else if (entry.isSymbolicLink())
        files.push({ path, source: join(root, path), link: readlinkSync(join(root, path)) });
      else if (entry.isFile()) files.push(sourceFile(root, path));
    }
  };
  const found = lstatSync(join(root, start), { throwIfNoEntry: false });
  if (found?.isFile()) return [sourceFile(root, start)];
  if (found?.isDirectory())
    walk(
      start,
      parents(start).flatMap((directory) => readRules(root, directory)),
    );
  return files.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** All files and links below a directory but what tools made: what version control ignores, too. */
export function listFiles(root: string, below = ''): string[] {
  return readdirSync(join(root, below), { withFileTypes: true }).flatMap((entry) => {
    const path = below === '' ? entry.name : `${below}/${entry.name}`;
    if (neverSource.has(entry.name)) return [];
    if (!entry.isDirectory()) return entry.isFile() || entry.isSymbolicLink() ? [path] : [];
    return existsSync(join(root, path, 'CACHEDIR.TAG')) ? [] : listFiles(root, path);
  });
}

export function sourceFile(root: string, path: string): SourceFile {
  const source = join(root, path);
  return { path, source, executable: (lstatSync(source).mode & 0o111) !== 0 };
}

/** Whether version control ignores a path or a directory above it, or a tool made it: no build ever sees it. */
export function isIgnoredPath(root: string, path: string): boolean {
  const parts = path.split('/');
  return parts.some((name, index) => {
    const at = parts.slice(0, index + 1).join('/');
    const isDirectory = lstatSync(join(root, at), { throwIfNoEntry: false })?.isDirectory() ?? false;
    const rules = parents(at).flatMap((directory) => readRules(root, directory));
    if (neverSource.has(name) || isIgnored(at, isDirectory, rules)) return true;
    return isDirectory && existsSync(join(root, at, 'CACHEDIR.TAG'));
  });
}

function readRules(root: string, directory: string): Rules[] {
  const texts = ignoreFiles
    .map((name) => join(root, directory, name))
    .filter((path) => existsSync(path))
    .map((path) => readFileSync(path, 'utf8'));
  return texts.length === 0 ? [] : [{ base: directory, rules: ignore().add(texts.join('\n')) }];
}

/** The deepest ignore file that says anything about a path decides. */
function isIgnored(path: string, isDirectory: boolean, rules: readonly Rules[]): boolean {
  let ignored = false;
  for (const { base, rules: matcher } of rules) {
    const relative = base === '' ? path : path.slice(base.length + 1);
    const result = matcher.test(isDirectory ? `${relative}/` : relative);
    if (result.ignored) ignored = true;
    else if (result.unignored) ignored = false;
  }
  return ignored;
}

/** Directories above `path`, from the root on, itself left out. */
function parents(path: string): string[] {
  if (path === '') return [];
  const parts = path.split('/');
  return parts.map((_part, index) => parts.slice(0, index).join('/'));
}
