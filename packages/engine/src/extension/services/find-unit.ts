import { readFile, readlink } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { lstatOrUndefined } from '../sysroot';

/** Where systemd looks, the strongest first (systemd.unit(5), system unit search path). */
export const unitDirectories = [
  'etc/systemd/system',
  'usr/local/lib/systemd/system',
  'usr/lib/systemd/system',
] as const;

export interface FoundUnit {
  /** Absolute path on the device: what a link to the unit says. */
  path: string;
  text: string;
}

/** `masked`: a link to /dev/null. */
export type UnitLookup = (name: string) => Promise<FoundUnit | 'masked' | undefined>;

/** Looks units up in a staged sysroot. Links are followed as the device would, and never out of the sysroot. */
export function unitsIn(sysroot: string): UnitLookup {
  return async (name) => {
    for (const directory of unitDirectories) {
      const path = await followLinks(sysroot, posix.join(directory, name));
      if (path === 'masked') return path;
      if (path !== undefined) return { path: `/${path}`, text: await readFile(join(sysroot, path), 'utf8') };
    }
    return undefined;
  };
}

async function followLinks(sysroot: string, name: string): Promise<string | 'masked' | undefined> {
  let path = name;
  // As many as the kernel allows; whatever takes more is a loop.
  for (let hops = 0; hops < 40; hops += 1) {
    const found = await lstatInside(sysroot, path);
    if (found === 'file') return path;
    if (found === 'link') {
      const target = posix.resolve('/', posix.dirname(path), await readlink(join(sysroot, path)));
      if (target === '/dev/null') return 'masked';
      path = target.slice(1);
      continue;
    }
    return undefined;
  }
  return undefined;
}

/** What stands at a path whose parents are all real directories; a link among them is not followed. */
async function lstatInside(sysroot: string, path: string): Promise<'file' | 'link' | undefined> {
  for (let at = path.indexOf('/'); at !== -1; at = path.indexOf('/', at + 1)) {
    const parent = await lstatOrUndefined(join(sysroot, path.slice(0, at)));
    if (!parent?.isDirectory()) return undefined;
  }
  const found = await lstatOrUndefined(join(sysroot, path));
  return found?.isFile() ? 'file' : found?.isSymbolicLink() ? 'link' : undefined;
}
