import { posix } from 'node:path';
import type { Tree } from '@nx/devkit';
import { AvocadoError } from '@nx-avocado/engine/error';

/**
 * A directory of the workspace as an option gives it, relative to its root; `.` for the root itself. It need not exist.
 * @throws AvocadoError `PATH_INVALID` where it leaves the workspace, Nx would not look into it, or a file stands there
 */
export function workspaceDirectory(tree: Tree, option: string, path: string): string {
  const directory = workspacePath(option, path);
  const parts = directory.split('/');
  const file = parts.map((_, index) => parts.slice(0, index + 1).join('/')).find((part) => tree.isFile(part));
  if (file === undefined) return directory;
  throw new AvocadoError('PATH_INVALID', `--${option} ${JSON.stringify(path)}: ${file} is a file`, {
    hint: `Name a directory: ${posix.dirname(file)}`,
  });
}

/**
 * A file or directory of the workspace as an option gives it.
 * @throws AvocadoError `PATH_INVALID` where it leaves the workspace, or Nx would not look into it
 */
export function workspacePath(option: string, path: string): string {
  const normal = posix.normalize(path.replaceAll('\\', '/')).replace(/\/$/, '') || '.';
  const parts = normal.split('/');
  const invalid = (why: string, hint: string): AvocadoError =>
    new AvocadoError('PATH_INVALID', `--${option} ${JSON.stringify(path)} ${why}`, { hint });
  if (posix.isAbsolute(normal) || parts[0] === '..') {
    throw invalid('leaves the workspace', 'Give a directory relative to the workspace root.');
  }
  // What shells, YAML and TOML would want to have quoted.
  if (normal !== '.' && !parts.every((part) => /^[A-Za-z0-9_][A-Za-z0-9_.@+-]*$/.test(part))) {
    throw invalid('has a part that cannot be used', 'Use letters, digits, and . _ - @ + inside.');
  }
  if (parts.includes('node_modules') || parts.includes('.avocado')) {
    throw invalid('is a directory that Nx ignores', 'Choose one of your own.');
  }
  return normal;
}

/** From one directory of the workspace to a file or directory; `.` for the directory itself. */
export function relativePath(from: string, to: string): string {
  return posix.relative(posix.join('/', from), posix.join('/', to)) || '.';
}
