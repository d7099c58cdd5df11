import { debPath } from '../../packages/engine/src/feed/fetch';
import { runTool } from '../../packages/engine/src/feed/run';
import type { PackagePin } from '../../packages/engine/src/feed/types';
import type { GroupName } from './layout';
import { rpmVersion } from './package';
import type { Package } from './package';

interface Fields {
  depends: string[][];
  provides: string[];
}

/**
 * One RPM for each Debian package: its files, and its dependencies as far as they lead to another of them.
 * @param rename the RPM's name
 */
export async function convertDebs(
  pins: readonly PackagePin[],
  group: GroupName,
  rename: (debian: string) => string,
): Promise<Package[]> {
  const fields = new Map<string, Fields>();
  for (const pin of pins) fields.set(pin.name, await readFields(pin));
  const providers = new Map<string, string>();
  for (const [name, { provides }] of fields) for (const virtual of provides) providers.set(virtual, name);
  for (const name of fields.keys()) providers.set(name, name);
  return pins.map((pin) => ({
    group,
    name: rename(pin.name),
    evr: rpmVersion(pin.version),
    requires: requirements(pin.name, fields.get(pin.name)?.depends ?? [], providers).map(rename),
    deb: pin.sha256,
  }));
}

function requirements(own: string, depends: string[][], providers: ReadonlyMap<string, string>): string[] {
  const found = depends.map((alternatives) => {
    const name = alternatives.find((alternative) => providers.has(alternative));
    return name === undefined ? undefined : providers.get(name);
  });
  return [...new Set(found.filter((name) => name !== undefined && name !== own))].sort() as string[];
}

async function readFields(pin: PackagePin): Promise<Fields> {
  const { stdout } = await runTool(['dpkg-deb', '--field', debPath(pin), 'Depends', 'Pre-Depends', 'Provides']);
  const field = (name: string): string =>
    new RegExp(`^${name}: (.*(?:\\n .*)*)$`, 'm').exec(stdout)?.[1]?.replaceAll('\n', ' ') ?? '';
  const names = (text: string, separator: string): string[] =>
    text
      .split(separator)
      .map((part) => /^[a-z0-9][a-z0-9+.-]*/.exec(part.trim())?.[0] ?? '')
      .filter((name) => name !== '');
  const depends = [field('Pre-Depends'), field('Depends')].flatMap((text) => text.split(','));
  return {
    depends: depends.map((alternatives) => names(alternatives, '|')).filter((list) => list.length > 0),
    provides: names(field('Provides'), ','),
  };
}
