import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** One entry of apt's configuration, whichever of its two formats it was written in. */
export interface AptSource {
  uri: string;
  suites: string[];
  components: string[];
  /** Options in deb822 spelling, such as `Signed-By`; a value may have several lines. */
  options: Record<string, string>;
}

/** The entries of a `.sources` file (deb822). Disabled and source-only ones are left out. */
export function parseDeb822(text: string): AptSource[] {
  return text
    .replace(/^#.*\n?/gm, '')
    .split(/\n\s*\n/)
    .flatMap((stanza) => {
      const fields: Record<string, string> = {};
      let last = '';
      for (const line of stanza.split('\n')) {
        const field = /^([A-Za-z0-9-]+):\s*(.*)$/.exec(line);
        if (field) fields[(last = field[1]!.toLowerCase())] = field[2]!.trim();
        else if (last && /^\s/.test(line)) fields[last] += `\n${line}`;
      }
      if (/^(no|false)$/i.test(fields['enabled'] ?? '') || !words(fields['types']).includes('deb')) return [];
      const options = Object.fromEntries(
        Object.entries(optionNames).flatMap(([key, name]) => (fields[key] ? [[name, fields[key]]] : [])),
      );
      return words(fields['uris']).map((uri) => ({
        uri,
        suites: words(fields['suites']),
        components: words(fields['components']),
        options,
      }));
    });
}

/** The entries of a `.list` file (one line each). */
export function parseOneLine(text: string): AptSource[] {
  return text.split('\n').flatMap((line) => {
    const entry = /^\s*deb\s+(?:\[([^\]]*)\]\s*)?(\S+)\s+(\S+)\s*([^#]*)/.exec(line);
    if (!entry) return [];
    const options: Record<string, string> = {};
    for (const option of words(entry[1])) {
      const [key = '', value = ''] = option.split('=', 2);
      const name = optionNames[key.toLowerCase()];
      if (name) options[name] = value.replaceAll(',', ' ');
    }
    return [{ uri: entry[2]!, suites: [entry[3]!], components: words(entry[4]), options }];
  });
}

const optionNames: Record<string, string> = {
  'signed-by': 'Signed-By',
  trusted: 'Trusted',
  'check-valid-until': 'Check-Valid-Until',
};

function words(text: string | undefined): string[] {
  return (text ?? '').split(/\s+/).filter((word) => word !== '');
}

/**
 * The entry that serves Debian itself. Other archives use Debian's suite names too, so those that Debian's own keyring
 * signs, and then those with an `-updates` suite beside, come first.
 */
export function debianSource(sources: AptSource[], hostSuites: string[]): AptSource | undefined {
  const updates = new Set(
    sources.filter(({ suites }) => suites.some((suite) => suite.endsWith('-updates'))).map(({ uri }) => uri),
  );
  const score = (source: AptSource): number =>
    (source.options['Signed-By']?.includes('debian-archive-keyring') ? 2 : 0) + (updates.has(source.uri) ? 1 : 0);
  return sources
    .filter(
      ({ suites, components }) => components.includes('main') && suites.some((suite) => hostSuites.includes(suite)),
    )
    .sort((a, b) => score(b) - score(a))[0];
}

/** Every enabled entry below `directory` (`/etc/apt`), in apt's order. */
export async function readSources(directory: string): Promise<AptSource[]> {
  const parts = join(directory, 'sources.list.d');
  const names = (await readdir(parts).catch(() => [] as string[])).sort();
  const texts = [join(directory, 'sources.list'), ...names.map((name) => join(parts, name))].map(async (path) => {
    if (!/\.(list|sources)$/.test(path)) return [];
    const text = await readFile(path, 'utf8').catch(() => '');
    return path.endsWith('.sources') ? parseDeb822(text) : parseOneLine(text);
  });
  return (await Promise.all(texts)).flat();
}
