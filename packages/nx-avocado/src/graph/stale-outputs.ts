import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join, posix } from 'node:path';
import type { ProjectConfiguration } from '@nx/devkit';
import { globSync } from 'tinyglobby';

/** Of a project what tells where its outputs stand. */
export type OutputsOf = Pick<ProjectConfiguration, 'root' | 'targets'>;

/**
 * Directories below `.avocado` folders that nothing in the workspace writes or reads any more, relative to its root: of
 * projects and machine targets that are gone, and fetched trees of commits that no lock pins.
 */
export function staleOutputs(workspaceRoot: string, projects: readonly OutputsOf[]): string[] {
  const machines = new Map(projects.map((project) => [project.root, machinesOf(project)]));
  return outputFolders(workspaceRoot).flatMap((folder) =>
    directories(join(workspaceRoot, folder)).flatMap((name) => {
      const path = posix.join(folder, name);
      if (name === 'sources') return staleSources(workspaceRoot, path);
      const known = machines.get(path);
      if (!known) return [path];
      const own = directories(join(workspaceRoot, path)).filter((machine) => !known.has(machine));
      return own.map((machine) => posix.join(path, machine));
    }),
  );
}

function outputFolders(workspaceRoot: string): string[] {
  const ignore = ['**/node_modules/**', '**/.nx/**', '**/.git/**', '**/.avocado/**/.avocado'];
  const options = { cwd: workspaceRoot, dot: true, ignore, onlyDirectories: true, expandDirectories: false };
  const found = globSync(['**/.avocado'], { ...options, followSymbolicLinks: false });
  return found.map((path) => path.replace(/\/$/, '')).sort();
}

/** The machine targets that a project's tasks write for: the first part of their output paths below its root. */
function machinesOf({ root, targets = {} }: OutputsOf): Set<string> {
  const all = Object.values(targets).flatMap(({ options, configurations = {} }) => [
    options as unknown,
    ...(Object.values(configurations) as unknown[]),
  ]);
  const paths = all.map((options) => (options as { outputPath?: string } | undefined)?.outputPath ?? '');
  return new Set(paths.map((path) => posix.relative(root, path).split('/')[0]!));
}

/** Trees are named by their commits, and beside `.avocado` stands the lock that pins those. */
function staleSources(workspaceRoot: string, sources: string): string[] {
  const lock = join(workspaceRoot, sources, '../../avocado.lock');
  const text = existsSync(lock) ? readFileSync(lock, 'utf8') : '';
  const trees = directories(join(workspaceRoot, sources));
  return trees.filter((tree) => !text.includes(tree.slice(0, 40))).map((tree) => posix.join(sources, tree));
}

/** Those of a task at work, which have a temporary name, are its own business. */
function directories(path: string): string[] {
  return readdirSync(path, { withFileTypes: true })
    .flatMap((entry) => (entry.isDirectory() && !entry.name.startsWith('.tmp-') ? [entry.name] : []))
    .sort();
}
