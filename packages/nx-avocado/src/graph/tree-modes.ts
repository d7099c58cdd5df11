import { readdirSync, readlinkSync, statSync } from 'node:fs';
import { join, posix } from 'node:path';
import { dataFile, readData, writeData } from './data-file';
import { stampOf } from './stamp';

/** What Nx does not hash: a file's mode, and what is no file. Sorted; relative to the workspace root. */
export interface TreeModes {
  executables: string[];
  /** `link to <target>`, `empty directory`, and `no file` for what the task refuses, such as a FIFO. */
  unhashed: Record<string, string>;
}

/** What a tree consists of, while each of its directories has its stamp. A link's target cannot change without. */
interface KnownTree {
  directories: Record<string, string>;
  files: string[];
  unhashed: TreeModes['unhashed'];
}

/**
 * Modes and what is no file below overlays, for the options of their tasks. Asked at each start of Nx: a `chmod` changes
 * no file that the cache of resolved files could go by. Names of earlier runs are kept, as to list a directory takes five
 * times as long as to ask whether it changed.
 */
export class OverlayTrees {
  private readonly before: Record<string, KnownTree>;
  private readonly known: Record<string, KnownTree> = {};
  /** An extension has as many slices as machine targets. */
  private readonly asked = new Map<string, TreeModes>();
  private changed = false;

  constructor(
    private readonly workspaceRoot: string,
    private readonly path = dataFile(workspaceRoot, 'nx-avocado-overlays.json'),
  ) {
    this.before = readData(path) ?? {};
  }

  /** @param directory relative to the workspace root; one that is not there has none: its task will say so */
  modes(directory: string): TreeModes {
    let modes = this.asked.get(directory);
    if (!modes) this.asked.set(directory, (modes = this.look(directory)));
    return modes;
  }

  /** Of every directory that was asked for. */
  all(): Record<string, TreeModes> {
    return Object.fromEntries(this.asked);
  }

  write(): void {
    if (this.changed) writeData(this.path, this.known);
  }

  private look(directory: string): TreeModes {
    let tree = this.before[directory];
    if (tree && this.isSame(tree)) {
      this.known[directory] = tree;
    } else {
      const found = listTree(this.workspaceRoot, directory);
      tree = found.tree;
      if (found.settled) {
        this.known[directory] = tree;
        this.changed = true;
      }
    }
    const executables = tree.files.filter((file) => isExecutable(join(this.workspaceRoot, file)));
    return { executables, unhashed: tree.unhashed };
  }

  private isSame({ directories }: KnownTree): boolean {
    for (const path in directories) {
      if (stampOf(join(this.workspaceRoot, path))?.text !== directories[path]) return false;
    }
    return true;
  }
}

function listTree(workspaceRoot: string, directory: string): { tree: KnownTree; settled: boolean } {
  const tree: KnownTree = { directories: {}, files: [], unhashed: {} };
  let settled = true;
  walk(directory);
  return { tree, settled };

  function walk(relative: string): void {
    // Before it is listed: what comes in between gives another stamp.
    const stamp = stampOf(join(workspaceRoot, relative));
    settled &&= stamp?.settled ?? false;
    if (stamp) tree.directories[relative] = stamp.text;
    const entries = list(join(workspaceRoot, relative));
    if (entries.length === 0 && relative !== directory) tree.unhashed[relative] = 'empty directory';
    for (const entry of entries) {
      const path = posix.join(relative, entry.name);
      if (entry.isDirectory()) walk(path);
      else if (entry.isSymbolicLink()) tree.unhashed[path] = `link to ${readlinkSync(join(workspaceRoot, path))}`;
      else if (!entry.isFile()) tree.unhashed[path] = 'no file';
      else tree.files.push(path);
    }
  }
}

/** Sorted by name; nothing of what is no directory. */
export function list(directory: string) {
  try {
    return readdirSync(directory, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch {
    return [];
  }
}

function isExecutable(path: string): boolean {
  return ((statSync(path, { throwIfNoEntry: false })?.mode ?? 0) & 0o111) !== 0;
}
