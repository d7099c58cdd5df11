import type { PackagePin } from '../types';

/** `name-[epoch:]version-release.arch`: what dnf calls exactly one package. */
export function nevra({ name, version, architecture }: Pick<PackagePin, 'name' | 'version' | 'architecture'>): string {
  return `${name}-${version}.${architecture}`;
}

/** What upstream's lock holds for a package: version, release and architecture, without an epoch. */
export function lockedVersion({ version, architecture }: Pick<PackagePin, 'version' | 'architecture'>): string {
  return `${version.replace(/^\d+:/, '')}.${architecture}`;
}

/** RPM's form of an extension's semantic version, in which `-` and `+` have another meaning: `1.0.0-rc.1`. As upstream. */
export function rpmVersion(version: string): string {
  return version.replaceAll('-', '~').replaceAll('+', '^');
}

/** A request as it stands in a task's options: a name, or a name and a version with a blank between. */
export interface Request {
  name: string;
  version?: string;
}

export function formatRequest(name: string, version: string): string {
  return version === '*' ? name : `${name} ${version}`;
}

export function parseRequest(text: string): Request {
  const [name = '', version] = text.split(' ', 2);
  return version === undefined ? { name } : { name, version };
}
