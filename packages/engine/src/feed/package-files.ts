import { availableParallelism } from 'node:os';
import { debPath, fetchPackages, inParallel } from './fetch';
import type { FetchOptions } from './fetch';
import { runTool } from './run';
import type { PackagePin } from './types';
import { unpackError } from './unpack';

/** A package with the paths of its files, without `/` before them. */
export interface PackageFiles {
  pin: PackagePin;
  paths: string[];
}

/**
 * What files the packages hold, by the packages themselves: one that the store no longer has is fetched.
 * @throws AvocadoError as `fetchPackages`; `ROOT_FAILED`
 */
export async function packageFiles(pins: PackagePin[], options: FetchOptions): Promise<PackageFiles[]> {
  await fetchPackages(pins, options);
  const found = new Map<PackagePin, string[]>();
  await inParallel(pins, availableParallelism(), async (pin) => {
    const { code, stdout, stderr } = await runTool(['dpkg-deb', '--contents', debPath(pin)], options);
    if (code !== 0) throw unpackError(`cannot read ${pin.name} ${pin.version}`, stderr);
    found.set(pin, filesInListing(stdout));
  });
  return pins.map((pin) => ({ pin, paths: found.get(pin) ?? [] }));
}

/** Regular files, further names of one included, in a listing as `tar --list --verbose` writes it. Pure. */
export function filesInListing(listing: string): string[] {
  return listing.split('\n').flatMap((line) => {
    const [, kind, path = ''] = /^([-h])\S+\s+\S+\s+\d+\s+\S+\s+\S+\s+\.\/(.*)$/.exec(line) ?? [];
    if (kind === undefined) return [];
    return [kind === 'h' ? path.replace(/ link to .*$/, '') : path];
  });
}
