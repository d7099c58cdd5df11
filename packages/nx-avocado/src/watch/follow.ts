import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { watch } from 'chokidar';

/** Milliseconds in which files that are saved together arrive. */
const settled = 20;

/** Directories that builds write to. */
const written = ['.avocado', '.git', '.nx', 'node_modules'];

/** Follows directories (absolute), and tells of changed files (absolute) some at a time. */
export function followFiles(
  directories: string[],
  onChange: (paths: Set<string>) => void,
): { ready: Promise<void>; close(): Promise<void> } {
  let changed = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  const watcher = watch(directories, { ignoreInitial: true, followSymlinks: false, ignored: isWritten });
  watcher.on('all', (_event, path) => {
    changed.add(path);
    timer ??= setTimeout(() => {
      const paths = changed;
      [changed, timer] = [new Set(), undefined];
      onChange(paths);
    }, settled);
  });
  // What cannot be followed any more is told by the next build.
  watcher.on('error', () => undefined);
  return {
    ready: new Promise((resolve) => watcher.once('ready', resolve)),
    async close() {
      clearTimeout(timer);
      await watcher.close();
    },
  };
}

/** Cargo marks what it writes (CACHEDIR.TAG); a source directory may be called `target` too. */
function isWritten(path: string): boolean {
  const name = basename(path);
  return written.includes(name) || (name === 'target' && existsSync(join(path, 'CACHEDIR.TAG')));
}
