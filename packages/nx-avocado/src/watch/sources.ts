import { existsSync } from 'node:fs';
import { basename, dirname, join, relative, sep } from 'node:path';
import { filesOf, filesetsOf } from '../executors/step/files';
import { nameOf, targetsOf } from '../executors/step/make';
import type { WatchedTasks } from './tasks';

/** What tasks, names and options come from: after a change of one, Nx has to make its graph anew. */
const graphFiles = [
  ...['avocado.yaml', 'avocado.lock', 'Cargo.toml', 'nx.json', 'project.json', 'package.json'],
  ...['.gitignore', '.nxignore'],
];

/** What a change on disk asks for. */
export interface Change {
  /** Tasks that read what changed. */
  tasks: Set<string>;
  /** Whether the graph itself may have changed. */
  graph: boolean;
}

/** Which task reads which file, as the tasks themselves say. */
export class Sources {
  private readonly root: string;
  private readers = new Map<string, Set<string>>();

  /** @param configFiles every avocado.yaml of the tasks, relative to the workspace root */
  constructor(
    private readonly tasks: WatchedTasks,
    private readonly configFiles: readonly string[],
  ) {
    this.root = tasks.context.root;
    this.list();
  }

  /** The fewest directories (absolute) that hold every source. */
  directories(): string[] {
    const files = [...this.readers.keys(), ...this.configFiles].map((file) => dirname(file));
    const all = [...files, ...this.trees()].map((directory) => join(this.root, directory));
    const unique = [...new Set(all)].sort();
    return unique.filter((directory) => !unique.some((other) => other !== directory && isBelow(directory, other)));
  }

  /** @param paths absolute, of files that came, went or have new content */
  change(paths: Iterable<string>): Change {
    const files = [...paths].map((path) => relative(this.root, path).split(sep).join('/'));
    const change: Change = { tasks: new Set(), graph: false };
    const take = (file: string): boolean => {
      const found = this.readers.get(file);
      found?.forEach((id) => change.tasks.add(id));
      return found !== undefined;
    };
    const unknown = files.filter((file) => {
      if (graphFiles.includes(basename(file))) change.graph = true;
      return !take(file);
    });
    // A new file belongs to whoever lists it now.
    if (unknown.length > 0) {
      this.list();
      unknown.forEach(take);
    }
    return change;
  }

  /** What may get files where there are none yet: `app/overlay` of `app/overlay/**`. */
  private trees(): string[] {
    const { context, options } = this.tasks;
    const inputs = Object.keys(options).flatMap((id) => targetsOf(id, context)[nameOf(id, context)]?.inputs ?? []);
    return filesetsOf(inputs).flatMap((glob) => {
      const [, directory] = /^([^*?{[!]+)\/[^/]*\*/.exec(glob) ?? [];
      return directory !== undefined && existsSync(join(this.root, directory)) ? [directory] : [];
    });
  }

  private list(): void {
    const { context, options } = this.tasks;
    this.readers = new Map();
    for (const [id, taskOptions] of Object.entries(options)) {
      const target = targetsOf(id, context)[nameOf(id, context)];
      for (const file of (target && filesOf(this.root, target, taskOptions)) ?? []) {
        const readers = this.readers.get(file);
        if (readers) readers.add(id);
        else this.readers.set(file, new Set([id]));
      }
    }
  }
}

function isBelow(path: string, directory: string): boolean {
  return path.startsWith(directory.endsWith(sep) ? directory : `${directory}${sep}`);
}
