import { join } from 'node:path';
import type { Sysroot } from './sysroot';
import { walkTree } from './walk';

/** Of the package manager and for readers at a desk: nothing that a device needs, as upstream's images leave it out. */
const leftOut = [
  'var/lib/dpkg',
  'var/lib/apt',
  'var/lib/rpm',
  'var/lib/dnf',
  'var/cache',
  'var/log',
  'usr/share/doc',
  'usr/share/doc-base',
  'usr/share/info',
  'usr/share/man',
  'usr/share/lintian',
  'usr/share/bug',
];

/** Mount points of every system; empty in a package, and never carried by an extension. */
const mountPoints = new Set(['dev', 'proc', 'sys', 'run', 'tmp', 'mnt', 'media', 'boot', 'home', 'root', 'srv']);

/**
 * Copies an unpacked root of packages into the sysroot, owners aside as it is. `/bin`, `/lib` and the like become their
 * places below `usr`, where a merged-/usr system has them and where alone an extension may ship them.
 */
export async function stagePackages(sysroot: Sysroot, root: string, signal: AbortSignal): Promise<void> {
  const firstName = new Map<string, string>();
  for await (const entry of walkTree(root)) {
    signal.throwIfAborted();
    const path = mergedUsr(entry.path);
    if (path === undefined || excluded(path)) continue;
    if (entry.kind === 'directory') {
      await sysroot.directory(path, entry.mode);
    } else if (entry.kind === 'link') {
      await sysroot.symlink(path, entry.target ?? '');
    } else if (entry.kind === 'file') {
      const first = entry.inode === undefined ? undefined : firstName.get(entry.inode);
      if (first !== undefined) {
        await sysroot.hardLink(path, first);
        continue;
      }
      await sysroot.copy(path, join(root, entry.path), entry.mode);
      if (entry.inode !== undefined) firstName.set(entry.inode, path);
    }
    // Device nodes of a root that was made for booting have no place in an extension: left out.
  }
}

function mergedUsr(path: string): string | undefined {
  const [, top, rest] = /^(bin|sbin|lib|lib32|lib64|libx32)(\/.*)?$/.exec(path) ?? [];
  if (top === undefined) return path;
  return rest === undefined ? undefined : `usr/${top}${rest}`;
}

function excluded(path: string): boolean {
  if (mountPoints.has(path.split('/')[0] ?? '')) return true;
  return leftOut.some((prefix) => path === prefix || path.startsWith(`${prefix}/`));
}
