import { readFile, realpath, stat } from 'node:fs/promises';
import { dirname, isAbsolute, join, posix, relative, resolve, sep } from 'node:path';
import type { ExtensionSection } from '../config/types';
import { AvocadoError } from '../error';
import type { SourcePosition } from '../error';
import { feedDirectory } from '../feed/data';
import type { Reporter } from '../report';
import { matchesAny } from './glob';
import { expressionsIn, isText, preprocess } from './preprocess';
import type { Sysroot } from './sysroot';
import { ignoredEntries } from './ignored';
import { listTree } from './walk';
import type { TreeEntry } from './walk';

export interface OverlayOptions {
  /** Absolute. */
  workspaceRoot: string;
  /** Relative to the workspace root: what `overlay.dir` is relative to. */
  sourceRoot: string;
  /** Absolute: the fetched tree that it must lie in. */
  tree?: string;
  overlay: NonNullable<ExtensionSection['overlay']>;
  /** Files with an executable bit, relative to the workspace root: what went into the cache key. */
  executables: string[];
  /** By expression: what preprocessed files' `{{ expression }}` become. */
  values: Readonly<Record<string, string>>;
  position?: SourcePosition;
  signal?: AbortSignal;
  /** Told what is left out. It is no part of the output, which must not depend on what no key knows. */
  reporter: Pick<Reporter, 'warn'>;
}

/**
 * Copies an overlay into the sysroot, modes normalised to 0644 and 0755.
 *
 * `merge` refuses to put a file where a directory is, or the reverse; `opaque` takes the place of whatever stands at a
 * path and, as upstream does, leaves out what is hidden at the overlay's top. Neither removes anything else.
 * @returns warnings
 * @throws AvocadoError `OVERLAY_MISSING`, `OVERLAY_ESCAPE`, `OVERLAY_LINK_ESCAPES`, `EXTENSION_SPECIAL_FILE`
 */
export async function stageOverlay(sysroot: Sysroot, options: OverlayOptions): Promise<string[]> {
  const { overlay, position } = options;
  const directory = await overlayDirectory(options);
  const shown = posix.join(options.sourceRoot, overlay.dir);
  const executables = new Set(options.executables.map((path) => posix.normalize(path)));
  const conflict = overlay.mode === 'opaque' ? 'replace' : 'refuse';
  const warnings: string[] = [];
  sysroot.origin = `overlay ${shown}`;

  const entries = await listTree(directory);
  const ignored = (await isHashed(options)) ? ignoredEntries(options.workspaceRoot, directory, entries) : new Set();
  if (ignored.size > 0)
    options.reporter.warn(
      leftOut(
        shown,
        entries.filter(({ path }) => ignored.has(path)),
      ),
    );

  for (const entry of entries) {
    options.signal?.throwIfAborted();
    const { path } = entry;
    if (ignored.has(path)) continue;
    if (overlay.mode === 'opaque' && path.startsWith('.')) continue;
    const source = join(directory, path);
    if (entry.kind === 'directory') {
      await sysroot.directory(path, 0o755, conflict);
    } else if (entry.kind === 'link') {
      warnings.push(...checkLink(entry, shown, directory, options));
      await sysroot.symlink(path, entry.target ?? '', conflict);
    } else if (entry.kind === 'file') {
      const name = posix.join(shown, path);
      const listed = executables.has(name);
      if (listed !== ((entry.mode & 0o111) !== 0)) {
        warnings.push(
          `${name} is ${listed ? 'no longer' : 'now'} executable; the build uses the mode of its cache key ` +
            `(${listed ? '0755' : '0644'}). Run nx reset to take the new one.`,
        );
      }
      const mode = listed ? 0o755 : 0o644;
      const text = wantsPreprocessing(path, overlay.preprocess) ? await readFile(source) : undefined;
      // Most files have nothing to replace, binaries never: those are copied without passing through this process.
      if (text === undefined || !isText(text) || expressionsIn(text.toString('utf8')).length === 0) {
        await sysroot.copy(path, source, mode, conflict);
        continue;
      }
      const result = preprocess(text.toString('utf8'), options.values);
      if (result.unresolved.length > 0) {
        warnings.push(`${name}: left as they stand: ${result.unresolved.map((one) => `{{ ${one} }}`).join(', ')}`);
      }
      await sysroot.write(path, result.text, mode, conflict);
    } else {
      throw new AvocadoError('EXTENSION_SPECIAL_FILE', `${posix.join(shown, path)} is no file, directory or link`, {
        position,
        hint: 'Device nodes, FIFOs and sockets are made on the device: by tmpfiles.d or by the service itself.',
      });
    }
  }
  return warnings;
}

/** Whether Nx hashes its files: not those of a fetched tree, which its commit names, and of the feed's own extensions. */
async function isHashed({ workspaceRoot, sourceRoot, tree }: OverlayOptions): Promise<boolean> {
  if (tree !== undefined) return false;
  return leaves(await realpath(feedDirectory), await realpath(resolve(workspaceRoot, sourceRoot)));
}

function leftOut(overlay: string, entries: TreeEntry[]): string {
  const names = entries.filter(({ kind }) => kind !== 'directory').map(({ path }) => path);
  const shown = names.slice(0, 3).join(', ') + (names.length > 3 ? ` and ${names.length - 3} more` : '');
  return (
    `overlay ${overlay}: left out what ignore files name, since Nx hashes nothing of it: ${shown}. ` +
    'What shall ship must not be ignored (.gitignore, .nxignore), or is installed by a compile section.'
  );
}

/** Whether an overlay file is preprocessed. @param path relative to the overlay */
export function wantsPreprocessing(path: string, setting: boolean | string[]): boolean {
  return Array.isArray(setting) ? matchesAny(path, setting) : setting;
}

async function overlayDirectory({
  workspaceRoot,
  sourceRoot,
  tree,
  overlay,
  position,
}: OverlayOptions): Promise<string> {
  const sources = resolve(workspaceRoot, sourceRoot);
  const path = join(sources, overlay.dir);
  const shown = posix.join(sourceRoot, overlay.dir);
  const found = await stat(path).catch(() => undefined);
  if (!found?.isDirectory()) {
    throw new AvocadoError(
      'OVERLAY_MISSING',
      `overlay directory ${shown} ${found ? 'is no directory' : 'is not there'}`,
      {
        position,
        hint: 'Make it, or take the overlay key out of the extension.',
      },
    );
  }
  const real = await realpath(path);
  // The feed's own extensions may stand outside of the workspace; theirs are the sources there.
  const allowed = tree === undefined ? [workspaceRoot, sources] : [tree];
  const roots = await Promise.all(allowed.map((root) => realpath(root)));
  if (isAbsolute(overlay.dir) || roots.every((root) => leaves(root, real))) {
    throw new AvocadoError('OVERLAY_ESCAPE', `overlay directory ${overlay.dir} leaves the project`, {
      position,
      hint: 'An overlay is a directory of the project, relative to src_dir.',
    });
  }
  return path;
}

/**
 * An absolute link is read on the device, so it stays as it is. A relative one that climbs out of the overlay would lead
 * somewhere else on the device than where it leads here.
 */
function checkLink(entry: TreeEntry, shown: string, directory: string, options: OverlayOptions): string[] {
  const target = entry.target ?? '';
  const name = posix.join(shown, entry.path);
  const project = [options.workspaceRoot, directory];
  const escape = (hint: string) =>
    new AvocadoError('OVERLAY_LINK_ESCAPES', `link ${name} leads out of the project: ${target}`, {
      position: options.position,
      hint,
    });
  if (isAbsolute(target)) {
    if (project.every((root) => leaves(root, target))) return [];
    throw escape('It points to a path of this machine. Copy the file, or link to its place on the device.');
  }
  const lands = join(directory, dirname(entry.path), target);
  if (!leaves(directory, lands)) return [];
  if (leaves(resolve(options.workspaceRoot), lands)) {
    throw escape('Write the link as an absolute path of the device: ln -s /usr/share/app/file.');
  }
  return [`link ${name} leads out of its overlay (${target}) and will lead nowhere on the device`];
}

function leaves(root: string, path: string): boolean {
  const from = relative(root, path);
  return from === '..' || from.startsWith(`..${sep}`) || isAbsolute(from);
}
