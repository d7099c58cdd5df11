import { readFileSync, readdirSync, readlinkSync, statSync } from 'node:fs';
import { join, posix } from 'node:path';
import type { ExtensionSlice, RuntimeSlice } from './model';

/** What Nx does not hash: a file's mode, and what is no file. Sorted; relative to the workspace root. */
export interface TreeModes {
  executables: string[];
  /** `link to <target>`, `empty directory`, and `no file` for what the task refuses, such as a FIFO. */
  unhashed: Record<string, string>;
}

/** What options say of an overlay beside the section: read at each start of Nx, never kept. */
export interface OverlayState extends TreeModes {
  preprocessValues?: Record<string, string>;
}

/** An extension's overlay, or the one of a runtime's OS image. */
export function overlayOf(slice: ExtensionSlice | RuntimeSlice) {
  return slice.kind === 'extension' ? slice.section.overlay : slice.rootfs.overlay;
}

/** @param known of directories that were walked in this start: an extension has as many slices as machine targets */
export async function overlayState(
  workspaceRoot: string,
  slice: ExtensionSlice | RuntimeSlice,
  known: Map<string, TreeModes>,
): Promise<OverlayState> {
  const overlay = overlayOf(slice);
  // Of a package extension the package says all.
  if (!overlay || (slice.kind === 'extension' && slice.include)) return { executables: [], unhashed: {} };
  const directory = posix.join(slice.sourceRoot, overlay.dir);
  const modes = known.get(directory) ?? treeModes(workspaceRoot, directory);
  known.set(directory, modes);
  if (slice.kind === 'runtime' || !slice.facts) return modes;
  return { ...modes, preprocessValues: await usedFacts(workspaceRoot, directory, overlay.preprocess, slice.facts) };
}

/** Of all that expressions can stand for, what the files really use: anything more would change the key needlessly. */
async function usedFacts(
  workspaceRoot: string,
  directory: string,
  setting: boolean | string[],
  facts: Record<string, string>,
): Promise<Record<string, string>> {
  const { expressionsIn, wantsPreprocessing } = await import('@nx-avocado/engine/extension');
  const used = new Set<string>();
  const visit = (relative: string): void => {
    for (const entry of list(join(workspaceRoot, relative))) {
      const path = posix.join(relative, entry.name);
      if (entry.isDirectory()) visit(path);
      else if (entry.isFile() && wantsPreprocessing(posix.relative(directory, path), setting)) {
        for (const found of expressionsIn(readFileSync(join(workspaceRoot, path), 'utf8'))) used.add(found);
      }
    }
  };
  visit(directory);
  const value = (name: string): string | undefined =>
    name.startsWith('env.') ? (process.env[name.slice('env.'.length)] ?? '') : facts[name];
  return Object.fromEntries(
    [...used].sort().flatMap((name) => {
      const found = value(name);
      return found === undefined ? [] : [[name, found]];
    }),
  );
}

/**
 * Modes and what is no file below an overlay, for the options of its task. Read at each start of Nx: a `chmod` changes
 * no file that the cache of resolved files could go by. A directory that is not there has none; its task will say so.
 */
export function treeModes(workspaceRoot: string, directory: string): TreeModes {
  const modes: TreeModes = { executables: [], unhashed: {} };
  walk(directory);
  return modes;

  function walk(relative: string): void {
    const entries = list(join(workspaceRoot, relative));
    if (entries.length === 0 && relative !== directory) modes.unhashed[relative] = 'empty directory';
    for (const entry of entries) {
      const path = posix.join(relative, entry.name);
      if (entry.isDirectory()) walk(path);
      else if (entry.isSymbolicLink()) modes.unhashed[path] = `link to ${readlinkSync(join(workspaceRoot, path))}`;
      else if (!entry.isFile()) modes.unhashed[path] = 'no file';
      else if (isExecutable(join(workspaceRoot, path))) modes.executables.push(path);
    }
  }
}

function list(directory: string) {
  try {
    return readdirSync(directory, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch {
    return [];
  }
}

function isExecutable(path: string): boolean {
  return ((statSync(path, { throwIfNoEntry: false })?.mode ?? 0) & 0o111) !== 0;
}
