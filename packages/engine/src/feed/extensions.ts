import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { feedDirectory, parseYaml } from './data';
import { omittedReason } from './omitted';

/** What a package extension is on this feed: a directory with an avocado.yaml of its own, or nothing, and why. */
export type PackageExtension =
  { kind: 'local'; directory: string; version: string } | { kind: 'omitted'; reason: string };

/**
 * The debian feed's own extension of that name (`source: {type: package}`). Its avocado.yaml has a section of exactly
 * this name once it is resolved for the machine target. Undefined where the feed knows nothing of it.
 */
export function packageExtension(name: string, machine: string): PackageExtension | undefined {
  const reason = omittedReason(name);
  if (reason !== undefined) return { kind: 'omitted', reason };
  const folder = name === `avocado-bsp-${machine}` ? 'avocado-bsp' : name;
  const directory = join(feedDirectory, 'extensions', folder);
  if (!/^[a-z0-9-]+$/.test(folder) || !existsSync(join(directory, 'avocado.yaml'))) return undefined;
  const { extensions } = parseYaml(readFileSync(join(directory, 'avocado.yaml'), 'utf8')) as {
    extensions: Record<string, { version: string }>;
  };
  const version = Object.values(extensions)[0]?.version;
  return version === undefined ? undefined : { kind: 'local', directory, version };
}
