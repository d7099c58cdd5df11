import { realpath, stat } from 'node:fs/promises';
import { isAbsolute, join, posix, relative } from 'node:path';
import { AvocadoError } from '../error';
import type { RuntimeSection } from '../config/types';
import { walkTree } from '../extension/walk';
import { sha256File } from '../store';
import type { RuntimeBuildOptions, TaskContext } from '../task';
import { varPath } from './var-content';
import type { VarEntry } from './var-content';

/**
 * The runtime's `var_files`: files or directories of the sources, for the var partition. Modes become 0644 and 0755, by
 * the owner's executable bit; links stay links.
 * @throws AvocadoError `VAR_FILE_MISSING`, `VAR_FILE_ESCAPES`, `VAR_PATH_INVALID`
 */
export async function runtimeVarFiles(
  { section, sourceRoot }: RuntimeBuildOptions,
  { workspaceRoot }: TaskContext,
): Promise<VarEntry[]> {
  const entries: VarEntry[] = [];
  for (const file of section.var_files) {
    const host = await resolveSource(file, join(workspaceRoot, sourceRoot), workspaceRoot);
    const shown = posix.join(sourceRoot, file.source);
    const place = varPath(file.dest);
    const found = await stat(host);
    if (!found.isDirectory()) {
      const path = file.dest.endsWith('/') ? posix.join(place, posix.basename(file.source)) : place;
      entries.push(...parents(path), await fileEntry(path, found.mode, host, shown));
      continue;
    }
    entries.push(...parents(place), { path: place, kind: 'directory', mode: 0o755 });
    for await (const { path, kind, mode, target } of walkTree(host)) {
      const inside = posix.join(place, path);
      if (kind === 'directory') entries.push({ path: inside, kind, mode: 0o755 });
      else if (kind === 'link') entries.push({ path: inside, kind, target: target ?? '' });
      else entries.push(await fileEntry(inside, mode, join(host, path), posix.join(shown, path)));
    }
  }
  return entries;
}

async function fileEntry(path: string, mode: number, host: string, shown: string): Promise<VarEntry> {
  const { size } = await stat(host);
  const source = { path: shown, sha256: await sha256File(host), size };
  return { path, kind: 'file', mode: (mode & 0o100) !== 0 ? 0o755 : 0o644, source };
}

function parents(path: string): VarEntry[] {
  const parts = path.split('/').slice(0, -1);
  return parts.map((_, at) => ({ path: parts.slice(0, at + 1).join('/'), kind: 'directory', mode: 0o755 }));
}

async function resolveSource(
  { source }: RuntimeSection['var_files'][number],
  directory: string,
  workspaceRoot: string,
): Promise<string> {
  const host = join(directory, source);
  const real = await realpath(host).catch((cause: unknown) => {
    throw new AvocadoError('VAR_FILE_MISSING', `var_files: ${source} is not there`, {
      hint: 'A source is a file or directory of the project, relative to src_dir.',
      cause,
    });
  });
  const from = relative(await realpath(workspaceRoot), real);
  if (isAbsolute(source) || from === '..' || from.startsWith('../')) {
    throw new AvocadoError('VAR_FILE_ESCAPES', `var_files: ${source} leads out of the project`, {
      hint: 'Copy it into the project.',
    });
  }
  return real;
}
