import type { GroupName } from './layout';

/** A file that a package brings beside those of a Debian package. */
export interface PackageFile {
  /** Absolute path, as installed. */
  path: string;
  /** Text, or where a link points to. */
  content?: string;
  link?: string;
  mode?: number;
}

/** One RPM of the feed. */
export interface Package {
  group: GroupName;
  name: string;
  /** `[epoch:]version-release` */
  evr: string;
  requires?: string[];
  recommends?: string[];
  provides?: string[];
  /** sha256 of the Debian package whose files it carries. */
  deb?: string;
  /** Files of the Debian package that have another name here: absolute paths, old and new. */
  moves?: [from: string, to: string][];
  files?: PackageFile[];
  /** Script that rpm runs after the files are there. */
  post?: string;
}

/** Debian's version in RPM's form: no `-` but the one before the release. */
export function rpmVersion(debian: string): string {
  const [, epoch, rest = debian] = /^(?:(\d+):)?(.*)$/.exec(debian) ?? [];
  const cut = rest.lastIndexOf('-');
  const version = (cut < 0 ? rest : rest.slice(0, cut)).replaceAll('-', '.');
  const release = (cut < 0 ? '0' : rest.slice(cut + 1)).replaceAll('-', '.');
  return `${epoch ? `${epoch}:` : ''}${version}-${release}`;
}
