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

/** A request as it stands in a task's options, with blanks between: a name, a version (`*`: any), a repository's name. */
export interface Request {
  name: string;
  version?: string;
  /** The only repository that it may come from. */
  repository?: string;
}

export function formatRequest(name: string, version: string, repository?: string): string {
  if (repository !== undefined) return `${name} ${version} ${repository}`;
  return version === '*' ? name : `${name} ${version}`;
}

export function parseRequest(text: string): Request {
  const [name = '', version = '*', repository] = text.split(' ', 3);
  return { name, ...(version !== '*' && { version }), ...(repository !== undefined && { repository }) };
}
