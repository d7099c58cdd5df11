import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Works from `src/device` as from `dist/device`. */
const overlay = join(__dirname, '..', '..', 'feeds', 'debian', 'rootfs');

export interface DeviceFile {
  /** Relative to the OS image's root. */
  path: string;
  /** By place, not by the file's own: package managers and checkouts do not keep modes. */
  mode: number;
  content: Buffer;
}

/** What the debian feed adds to Debian's own files: the device agent, its unit, the network's set-up. Sorted. */
export function deviceFiles(): DeviceFile[] {
  return readdirSync(overlay, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((host) => ({ host, path: host.slice(overlay.length + 1) }))
    .sort((a, b) => (a.path < b.path ? -1 : 1))
    .map(({ host, path }) => ({
      path,
      mode: path.startsWith('usr/bin/') ? 0o755 : 0o644,
      content: readFileSync(host),
    }));
}
