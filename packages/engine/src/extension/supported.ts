import type { ExtensionSection } from '../config/types';
import { AvocadoError } from '../error';
import type { SourcePosition } from '../error';

/**
 * Refuses what this build cannot do, instead of giving an image that lacks it.
 * @throws AvocadoError `EXTENSION_UNSUPPORTED`, `EXTENSION_COMMAND_INVALID`
 */
export function checkSupported(section: ExtensionSection, position: SourcePosition): void {
  const unsupported = (what: string, hint: string) =>
    new AvocadoError('EXTENSION_UNSUPPORTED', `extension ${section.name}: ${what}`, { position, hint });
  if (section.image.type === 'kab') {
    throw unsupported('image type kab needs kabtool, which this SDK does not have', 'Use image type raw.');
  }
  if (section.docker_images.length > 0) {
    const names = section.docker_images.map(({ image, tag }) => `${image}:${tag}`).join(', ');
    throw unsupported(
      `docker_images (${names}) cannot be put on the var partition here`,
      'Save the image beside the sources (docker save), ship the archive in the overlay, and load it with on_merge.',
    );
  }
  const entries = { on_merge: section.on_merge, on_unmerge: section.on_unmerge, modprobe: section.modprobe };
  for (const [key, values] of Object.entries(entries)) {
    const broken = values.find((value) => /[\n\r\0]/.test(value) || value.trim() === '');
    if (broken === undefined) continue;
    throw new AvocadoError(
      'EXTENSION_COMMAND_INVALID',
      `extension ${section.name}: ${key} has ${JSON.stringify(broken)}`,
      {
        position,
        hint: 'Each entry is one line. Put longer work into a script of the extension and call that.',
      },
    );
  }
}

/** Why the feed leaves the extension as a whole out, if it does. */
export function omissionReason(section: ExtensionSection, omitted: Record<string, string>): string | undefined {
  const names = [section.name, ...(section.source?.type === 'package' ? [section.source.package] : [])];
  return names.map((name) => (Object.hasOwn(omitted, name) ? omitted[name] : undefined)).find(Boolean);
}
