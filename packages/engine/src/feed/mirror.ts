import { access } from 'node:fs/promises';
import { withTemporaryDirectory, storePath } from '../store';
import { AvocadoError } from '../error';
import { feedData } from './data';
import { runTool } from './run';
import { debianSource, parseDeb822, parseOneLine, readSources } from './sources';
import type { AptSource } from './sources';

const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';

/**
 * Where Debian comes from on this machine: `NX_AVOCADO_DEBIAN_MIRROR`, else its own apt configuration, else what
 * mmdebstrap would use. Debian's archive keyring signs it unless the configuration names another.
 * @throws AvocadoError `MIRROR_UNKNOWN`, `KEYRING_MISSING`
 */
export async function findMirror(
  env: NodeJS.ProcessEnv = process.env,
  aptDirectory = '/etc/apt',
  signal?: AbortSignal,
): Promise<AptSource> {
  const own = debianSource(await readSources(aptDirectory), feedData().hostSuites);
  const given = env['NX_AVOCADO_DEBIAN_MIRROR'];
  const source = given ? { uri: given, options: own?.options ?? {} } : (own ?? (await mmdebstrapDefault(signal)));
  const options = { ...source.options };
  if (!options['Signed-By'] && !options['Trusted']) options['Signed-By'] = keyring;
  const keys = options['Signed-By'];
  if (keys?.startsWith('/')) {
    await access(keys).catch((cause: unknown) => {
      throw new AvocadoError('KEYRING_MISSING', `the keys that sign Debian are not on this machine: ${keys}`, {
        hint: 'Install them: apt-get install debian-archive-keyring',
        cause,
      });
    });
  }
  const { suites, components } = feedData();
  return { uri: source.uri.replace(/\/+$/, ''), suites, components, options };
}

/** mmdebstrap writes its own choice into the new root before it asks the network; a hook shows it and stops there. */
async function mmdebstrapDefault(signal?: AbortSignal): Promise<AptSource> {
  const { suites, hostSuites } = feedData();
  const output = await withTemporaryDirectory(storePath('apt'), async (directory) => {
    const hook = 'cat "$1/etc/apt/sources.list" "$1"/etc/apt/sources.list.d/* 2>/dev/null; exit 1';
    const argv = [
      'mmdebstrap',
      '--quiet',
      '--variant=custom',
      `--setup-hook=${hook}`,
      suites[0]!,
      `${directory}/root.tar`,
    ];
    const { stdout, stderr } = await runTool(argv, { signal });
    return `${stdout}\n${stderr}`;
  });
  const found = debianSource([...parseOneLine(output), ...parseDeb822(output)], hostSuites);
  if (found) return found;
  throw new AvocadoError('MIRROR_UNKNOWN', "this machine's apt configuration has no source of Debian", {
    hint: 'Set NX_AVOCADO_DEBIAN_MIRROR to the address of a Debian mirror.',
    output,
  });
}

/** The address of a file below the mirror. apt escapes `+` and `~`-free names likewise, so caches match. */
export function mirrorUri(mirror: string, filename: string): string {
  return `${mirror}/${filename.split('/').map(encodeURIComponent).join('/').replaceAll('%7E', '~')}`;
}
