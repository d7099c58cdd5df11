import { posix } from 'node:path';
import type { Tree } from '@nx/devkit';
import { entryValue } from '@nx-avocado/engine/config';
import { AvocadoError } from '@nx-avocado/engine/error';
import type { ConfigFile } from '../shared/config-file';
import { claimsOf, isInside, mentionedEntries, otherPaths, otherSections, outermost } from './claims';
import type { Claims } from './claims';
import { relativePath } from '../shared/path';
import { cratesOf } from './crates';

/** One extension that moves. Paths are relative to the runtime's `src_dir`. */
export interface Move {
  name: string;
  /** Sections of `sdk.compile` that go with it. */
  compile: string[];
  /** Where it goes, relative to the workspace root. */
  folder: string;
  /** What goes with it, and keeps its path below the new folder, because scripts know it by that. */
  paths: string[];
  /** Its new folder is where all of it stands already: its sections drop this part of each path, and nothing moves. */
  drop?: string;
}

/** What stands beside avocado.yaml and belongs to all of the file. */
const common = ['avocado.yaml', 'avocado.lock', 'boot-test.json', '.gitignore', '.avocado', '.git', 'node_modules'];

/**
 * What each extension takes along.
 * @throws AvocadoError `CONVERT_SHARED` where something would have to be at two places
 */
export function planMoves(tree: Tree, file: ConfigFile, names: readonly string[], parent: string): Move[] {
  const { config, sourceRoot } = file;
  const entries = tree.children(sourceRoot).filter((entry) => !common.includes(entry) && !/^readme/i.test(entry));
  const owned = Object.values(config.extensions)
    .filter(({ source }) => source === undefined)
    .map((section) => ({
      name: section.name,
      claims: withMentioned(tree, sourceRoot, claimsOf(section, config), entries),
    }))
    .map(({ name, claims }) => ({
      name,
      claims,
      paths: [...claims.paths, ...versionFile(file, name), ...cratesOf(tree, sourceRoot, name)],
    }));
  const moves = owned
    .filter(({ name }) => names.includes(name))
    .map(({ name, claims, paths }) => {
      const folder = posix.join(parent, name);
      const own = outermost(paths).filter((path) => tree.exists(posix.join(sourceRoot, path)));
      const drop = `${relativePath(sourceRoot, folder)}/`;
      const isThere = own.length > 0 && own.every((path) => path.startsWith(drop));
      return { name, compile: claims.compile, folder, paths: own, ...(isThere && { drop }) };
    });
  for (const move of moves) {
    const others = owned.filter(({ name }) => name !== move.name);
    for (const { name, claims, paths } of others) {
      requireApart(move, { name: `the extension ${name}`, paths, compile: claims.compile }, file);
    }
    requireApart(
      move,
      { name: 'a runtime or an image', paths: otherPaths(config), compile: otherSections(config) },
      file,
    );
  }
  return moves;
}

/** The file that the version is read from; the loaded configuration knows only what was in it. */
function versionFile({ text, path }: ConfigFile, name: string): string[] {
  const version = entryValue(text, ['extensions', name, 'version'], { file: path });
  const found = typeof version === 'object' && version !== null && 'file' in version ? version.file : undefined;
  return typeof found === 'string' ? [posix.normalize(found)] : [];
}

function withMentioned(tree: Tree, sourceRoot: string, claims: Claims, entries: readonly string[]): Claims {
  const mentioned = claims.scripts.flatMap((script) =>
    mentionedEntries(tree.read(posix.join(sourceRoot, script), 'utf8') ?? '', entries),
  );
  return { ...claims, paths: [...claims.paths, ...mentioned] };
}

function requireApart(move: Move, other: { name: string; paths: string[]; compile: string[] }, file: ConfigFile): void {
  const section = move.compile.find((name) => other.compile.includes(name));
  const path = move.paths.find((own) => other.paths.some((theirs) => isInside(own, theirs) || isInside(theirs, own)));
  if (section === undefined && path === undefined) return;
  const what =
    section === undefined ? `${posix.join(file.sourceRoot, path ?? '')}` : `the section sdk.compile.${section}`;
  throw new AvocadoError('CONVERT_SHARED', `the extension ${move.name} uses ${what}, and so does ${other.name}`, {
    position: { file: file.path },
    hint: 'Give each its own first, or move the others alone: --extensions <name>',
  });
}
