import { existsSync, readFileSync, statSync } from 'node:fs';
import { join, posix } from 'node:path';
import { AvocadoError } from '../error';

/** What a command saw, to tell a file that is nowhere from one that it was not shown. */
export interface View {
  /** Absolute. */
  workspaceRoot: string;
  /** What stands at `source`, relative to the workspace root. */
  layoutRoot: string;
  /** Where that is in the SDK: `/opt/src`. */
  source: string;
  /** Files that were shown, relative to the layout root. */
  files: readonly string[];
  /** Directories that messages mostly mean, relative to the layout root, the likeliest first. */
  directories: readonly string[];
}

/** How compilers, shells, make and the libraries of languages say that there is no such file. */
const missing =
  /no such file|couldn't read|could not read|cannot find|can't open|cannot open|not found|notfound|no rule to make|enoent/i;
/** Where a build script's panic names no file, but its own place. */
const panic = /panicked at (\S+\.rs):(\d+):/;
/** Of a log, and of what is looked for: a command that fails for another reason may print anything. */
const longestLog = 4 * 1024 * 1024;
const mostPlaces = 2000;

/**
 * Files of the workspace that a failed command looked for and was not shown, relative to the workspace root, in the order
 * of its messages: those that exist, and are no file of its view.
 * @param log its whole output
 */
export function undeclaredFiles(log: string, view: View): string[] {
  const shown = new Set(view.files);
  const found = new Set<string>();
  const lines = log.slice(-longestLog).split('\n');
  for (const [index, line] of lines.entries()) {
    const context = panic.test(line) ? [line, lines[index + 1] ?? ''] : [line];
    if (!missing.test(context.join('\n'))) continue;
    const words = [...wordsOf(line), ...wordsOfPanic(line, view)];
    for (const path of words.flatMap((word) => resolve(word, view, shown) ?? [])) found.add(path);
  }
  return [...found];
}

/** Parts of a message that may be paths. */
function wordsOf(line: string): string[] {
  return line
    .split(/[\s"'`‘’“”:,;()<>[\]]+/)
    .filter((word) => /[/.]/.test(word) && /\w/.test(word) && word.length < 1024);
}

/** The texts in a build script's own source near the place where it gave up. */
function wordsOfPanic(line: string, view: View): string[] {
  const [, script, number] = panic.exec(line) ?? [];
  if (script === undefined) return [];
  const path = candidates(script, view).find((one) => view.files.includes(one));
  if (path === undefined) return [];
  const text = readFileSync(join(view.workspaceRoot, view.layoutRoot, path), 'utf8').split('\n');
  const near = text.slice(Math.max(0, Number(number) - 10), Number(number) + 1).join('\n');
  return [...near.matchAll(/"((?:[^"\\\n]|\\.)*)"/g)]
    .map(([, literal = '']) => literal.replace(/^(?:\{[^}]*\})?\/(?=\.)/, ''))
    .filter((literal) => /[/.]/.test(literal));
}

/** The first file of the workspace that a word may mean and that was not shown. */
function resolve(word: string, view: View, shown: ReadonlySet<string>): string | undefined {
  for (const path of candidates(word, view)) {
    if (shown.has(path)) return undefined;
    const inWorkspace = posix.join(view.layoutRoot, path);
    if (inWorkspace.startsWith('..') || inWorkspace === '.' || inWorkspace.split('/').includes('.git')) continue;
    const found = statSync(join(view.workspaceRoot, inWorkspace), { throwIfNoEntry: false });
    // A directory whose files were shown was there to be seen.
    if (found?.isFile() || (found?.isDirectory() && !view.files.some((file) => file.startsWith(`${path}/`)))) {
      return inWorkspace;
    }
  }
  return undefined;
}

/** What a word may mean, relative to the layout root. */
function candidates(word: string, view: View): string[] {
  const { source, workspaceRoot, layoutRoot } = view;
  for (const root of [source, join(workspaceRoot, layoutRoot)]) {
    if (word.startsWith(`${root}/`)) return [posix.normalize(word.slice(root.length + 1))];
  }
  if (word.startsWith(`${workspaceRoot}/`)) return [posix.relative(layoutRoot, word.slice(workspaceRoot.length + 1))];
  if (word.startsWith('/')) return [];
  const all = new Set([...view.directories, ...view.files.map((file) => posix.dirname(file))]);
  return [...new Set([...all].slice(0, mostPlaces).map((directory) => posix.join(directory, word)))];
}

/**
 * The error of a command that failed, as one that names the files it may not see, where there are such.
 * @param declare how to declare them; one or two sentences
 */
export function asUndeclared(error: unknown, view: View, declare: (paths: string[]) => string): unknown {
  if (!(error instanceof AvocadoError) || error.code !== 'COMMAND_FAILED') return error;
  const { message, log, rerun, output } = error;
  if (log === undefined || !existsSync(log)) return error;
  const paths = undeclaredFiles(readFileSync(log, 'utf8'), view);
  if (paths.length === 0) return error;
  const named = paths.slice(0, 5).join(', ') + (paths.length > 5 ? `, and ${paths.length - 5} more` : '');
  const verb = paths.length === 1 ? 'is no declared input' : 'are no declared inputs';
  return new AvocadoError('INPUT_UNDECLARED', `${message}; ${named} ${verb}`, {
    ...{ log, rerun, output, cause: error },
    hint: declare(paths),
  });
}
