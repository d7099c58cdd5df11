import { join, posix } from 'node:path';
import { AvocadoError } from '../error';

/** A file of another task's output or of the sources: never copied, proven by its hash where it is used. */
export interface Part {
  /** Relative to the workspace root, with `/`. */
  path: string;
  sha256: string;
  /** Bytes. */
  size: number;
  /** What to run again when it is not what it was; absent for a file of the sources. */
  task?: string;
}

/** One thing in the var partition. All belong to root. */
export type VarEntry = { path: string } & (
  | { kind: 'directory'; mode: number }
  | { kind: 'subvolume' }
  | { kind: 'link'; target: string }
  | { kind: 'text'; mode: number; text: string }
  | { kind: 'file'; mode: number; source: Part }
  /** A tar whose paths are relative to `path`. */
  | { kind: 'archive'; source: Part }
);

/** `var.json`: what goes where in the var partition, in the order to make it; a later entry takes an earlier one's place. */
export interface VarContent {
  version: 1;
  /** Paths relative to `/var`. */
  entries: VarEntry[];
}

/** What systemd and Debian expect below /var before systemd-tmpfiles could make it: PrivateTmp= needs /var/tmp. */
export const standardEntries: VarEntry[] = [
  ...['cache', 'lib', 'local', 'log', 'opt', 'spool'].map((path): VarEntry => ({
    path,
    kind: 'directory',
    mode: 0o755,
  })),
  { path: 'tmp', kind: 'directory', mode: 0o1777 },
  { path: 'lock', kind: 'link', target: '/run/lock' },
  { path: 'run', kind: 'link', target: '/run' },
];

/** Upstream's layout below lib/avocado (contract 2.7). Pure. */
export function avocadoEntries(
  manifest: { id: string; text: string },
  images: { image_id: string; source: Part }[],
): VarEntry[] {
  const unique = new Map(images.map((image) => [image.image_id, image.source]));
  const directories = ['lib/avocado/images', 'lib/avocado/runtimes', `lib/avocado/runtimes/${manifest.id}`];
  return [
    { path: 'lib/avocado', kind: 'subvolume' },
    ...directories.map((path): VarEntry => ({ path, kind: 'directory', mode: 0o755 })),
    ...[...unique].map(([id, source]): VarEntry => ({
      path: `lib/avocado/images/${id}.raw`,
      kind: 'file',
      mode: 0o644,
      source,
    })),
    { path: `lib/avocado/runtimes/${manifest.id}/manifest.json`, kind: 'text', mode: 0o644, text: manifest.text },
    { path: 'lib/avocado/active', kind: 'link', target: `runtimes/${manifest.id}` },
  ];
}

/** The extension images of a var partition: parts by image id, with absolute paths. */
export function localImages({ entries }: VarContent, workspaceRoot: string): Map<string, Part> {
  const images = new Map<string, Part>();
  for (const entry of entries) {
    const [, id] = /^lib\/avocado\/images\/([0-9a-f-]+)\.raw$/.exec(entry.path) ?? [];
    if (id === undefined || entry.kind !== 'file') continue;
    images.set(id, { ...entry.source, path: join(workspaceRoot, entry.source.path) });
  }
  return images;
}

/**
 * A path of avocado.yaml relative to /var, made clean. `/var/lib/x` and `var/lib/x` mean `lib/x`, as upstream reads them.
 * @throws AvocadoError `VAR_PATH_INVALID`
 */
export function varPath(written: string): string {
  const clean = posix.normalize(written).replace(/\/+$/, '');
  const path = clean.replace(/^\/?var(?:\/|$)/, '').replace(/^\/+/, '');
  if (path !== '' && path !== '.' && path !== '..' && !path.startsWith('../') && !path.includes('\0')) return path;
  throw new AvocadoError('VAR_PATH_INVALID', `${JSON.stringify(written)} is no path below /var`, {
    hint: 'Write it relative to /var: lib/app/config.json.',
  });
}

/** Bytes of files, and how many entries: what the partition must hold. */
export function varSize(content: VarContent): { bytes: number; entries: number } {
  let bytes = 0;
  for (const entry of content.entries) {
    if (entry.kind === 'file' || entry.kind === 'archive') bytes += entry.source.size;
    else if (entry.kind === 'text') bytes += entry.text.length;
  }
  return { bytes, entries: content.entries.length };
}
