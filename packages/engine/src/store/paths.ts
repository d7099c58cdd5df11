import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

/** The machine-local store's root: `$NX_AVOCADO_STORE`, else below the XDG cache directory. */
export function storeRoot(env: NodeJS.ProcessEnv = process.env): string {
  if (env['NX_AVOCADO_STORE']) return env['NX_AVOCADO_STORE'];
  const xdg = env['XDG_CACHE_HOME'];
  // The XDG base directory specification: a relative path is invalid and ignored.
  return join(xdg && isAbsolute(xdg) ? xdg : join(homedir(), '.cache'), 'nx-avocado');
}

export type StoreArea =
  | 'debs'
  | 'rpms'
  | 'roots'
  | 'disks'
  | 'deployed'
  | 'warm'
  | 'git'
  | 'work'
  | 'logs'
  | 'locks'
  | 'apt'
  | 'images'
  | 'used';

export function storePath(area: StoreArea, ...names: string[]): string {
  return join(storeRoot(), area, ...names);
}
