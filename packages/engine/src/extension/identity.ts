// Each function by itself: the whole of the library takes 30 ms to load.
import parse from 'semver/functions/parse';
import valid from 'semver/functions/valid';
import { AvocadoError } from '../error';
import type { SourcePosition } from '../error';
import type { ExtensionSection } from '../config/types';
import type { SdkDescriptor } from '../feed/types';

/** What an extension is called in file names, release files and manifests. */
export interface ExtensionIdentity {
  name: string;
  /** Semantic version. */
  version: string;
}

/**
 * Name and version, checked again here: they become file names on the build machine and on the device.
 * A package of the feed has no version of its own in avocado.yaml; it gets one from the digest of what it holds.
 * @throws AvocadoError `EXTENSION_NAME_INVALID`, `EXTENSION_VERSION_MISSING`, `EXTENSION_VERSION_INVALID`
 */
export function extensionIdentity(
  section: ExtensionSection,
  descriptor: SdkDescriptor,
  position?: SourcePosition,
): ExtensionIdentity {
  const { name } = section;
  if (!/^[A-Za-z0-9_][A-Za-z0-9_.+-]*$/.test(name) || name.length > 100) {
    throw new AvocadoError('EXTENSION_NAME_INVALID', `extension name ${JSON.stringify(name)} cannot be a file name`, {
      position,
      hint: 'Use letters, digits, _, ., + and -, at most 100 of them; no path separators.',
    });
  }
  const version = section.version ?? packageVersion(section, descriptor);
  if (version === undefined) {
    throw new AvocadoError('EXTENSION_VERSION_MISSING', `extension ${name} has no version`, {
      position,
      hint: 'Add one: version: 0.1.0',
    });
  }
  // semver takes more than the standard does: a leading `v` or `=`, spaces around.
  if (!parse(version) || !/^\d[\w.+-]*$/.test(version)) {
    throw new AvocadoError('EXTENSION_VERSION_INVALID', `extension ${name}: ${JSON.stringify(version)} is no version`, {
      position,
      hint: 'Versions are semantic versions, such as 0.1.0 or 1.0.0-rc.1.',
    });
  }
  return { name, version };
}

function packageVersion({ source }: ExtensionSection, { roots }: SdkDescriptor): string | undefined {
  if (source?.type !== 'package') return undefined;
  if (valid(source.version) === source.version) return source.version;
  // `r` first: a numeric pre-release part must not begin with 0 (semver.org, item 9).
  return `0.0.0-r${roots.extension?.digest.slice(0, 8) ?? '0'}`;
}
