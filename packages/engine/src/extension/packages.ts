import { join } from 'node:path';
import type { Sysroot } from './sysroot';
import { walkTree } from './walk';

/** Of package managers, of other init systems, and for readers at a desk: nothing that a device with systemd needs. */
const leftOut = [
  ...['var/lib/dpkg', 'var/lib/apt', 'var/lib/rpm', 'var/lib/dnf'],
  ...['var/cache/apt', 'var/cache/debconf', 'var/cache/dnf', 'var/log/apt', 'var/log/runit'],
  ...['usr/share/doc', 'usr/share/doc-base', 'usr/share/info', 'usr/share/man'],
  ...['usr/share/lintian', 'usr/share/bug', 'usr/share/apport'],
  ...['etc/init.d', 'etc/runit', 'etc/sv', 'etc/ufw', 'usr/share/runit'],
];

/** Mount points of every system; empty in a package, and never carried by an extension. */
const mountPoints = new Set(['dev', 'proc', 'sys', 'run', 'tmp', 'mnt', 'media', 'boot', 'home', 'root', 'srv']);

/** A directory below /var that a package expects, which no image can carry: the device makes it. */
export interface VarDirectory {
  /** Relative to the sysroot: `var/lib/nginx`. */
  path: string;
  mode: number;
}

/**
 * Copies an unpacked root of packages into the sysroot, owners aside as it is. `/bin`, `/lib` and the like become their
 * places below `usr`, where a merged-/usr system has them and where alone an extension may ship them.
 * @returns the packages' directories below /var, which are not copied
 */
export async function stagePackages(sysroot: Sysroot, root: string, signal: AbortSignal): Promise<VarDirectory[]> {
  const firstName = new Map<string, string>();
  const varDirectories: VarDirectory[] = [];
  for await (const entry of walkTree(root)) {
    signal.throwIfAborted();
    const path = mergedUsr(entry.path);
    if (path === undefined || excluded(path)) continue;
    if (entry.kind === 'directory') {
      if (!/^var(\/|$)/.test(path)) await sysroot.directory(path, entry.mode);
      // The first two levels are every system's own: /var/lib, /var/log.
      else if (path.split('/').length > 2) varDirectories.push({ path, mode: entry.mode });
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
  return varDirectories;
}

/** tmpfiles.d(5) lines that make the directories. `own`: what the packages' own tmpfiles.d says already. */
export function renderVarDirectories(directories: VarDirectory[], own: string): string {
  const known = new Set(own.split('\n').map((line) => line.trim().split(/\s+/)[1]?.replace(/\/+$/, '')));
  return directories
    .filter(({ path }) => !known.has(`/${path}`) && !/\s/.test(path))
    .map(({ path, mode }) => `d /${path} ${mode.toString(8).padStart(4, '0')} root root -\n`)
    .join('');
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
