import { readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import type { ExtensionSlice, RuntimeSlice } from './model';
import { list } from './tree-modes';
import type { OverlayTrees, TreeModes } from './tree-modes';

/** What options say of an overlay beside the section: read at each start of Nx, never kept. */
export interface OverlayState extends TreeModes {
  preprocessValues?: Record<string, string>;
}

/** An extension's overlay, or the one of a runtime's OS image. */
export function overlayOf(slice: ExtensionSlice | RuntimeSlice) {
  return slice.kind === 'extension' ? slice.section.overlay : slice.rootfs.overlay;
}

export async function overlayState(
  workspaceRoot: string,
  slice: ExtensionSlice | RuntimeSlice,
  trees: OverlayTrees,
): Promise<OverlayState> {
  const overlay = overlayOf(slice);
  // Of a package extension the package says all.
  if (!overlay || (slice.kind === 'extension' && slice.include)) return { executables: [], unhashed: {} };
  const directory = posix.join(slice.sourceRoot, overlay.dir);
  const modes = trees.modes(directory);
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
