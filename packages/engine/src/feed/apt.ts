import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { AvocadoError } from '../error';
import { storePath, use, writeFileAtomic } from '../store';
import { feedData } from './data';
import { runTool } from './run';
import type { AptSource } from './sources';

/** A private state of apt: it never reads or changes what the machine itself has installed. */
export interface AptState {
  directory: string;
  architecture: string;
  mirror: AptSource;
}

/** One for each set of components: what one machine target needs, the lists of the others do not have. */
export function aptState(architecture: string, mirror: AptSource): AptState {
  const name = [architecture, ...furtherComponents(mirror)].join('-');
  return { directory: storePath('apt', name), architecture, mirror };
}

function furtherComponents({ components }: AptSource): string[] {
  return components.filter((component) => !feedData().components.includes(component));
}

/** Read after the machine's own configuration, whose proxy and credentials stay in force and whose hooks do not. */
function configuration({ directory, architecture }: AptState): string {
  return `#clear APT::Architectures;
#clear APT::Default-Release;
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear Acquire::IndexTargets;
Acquire::IndexTargets::deb::Packages { MetaKey "$(COMPONENT)/binary-$(ARCHITECTURE)/Packages"; flatMetaKey "Packages"; ShortDescription "Packages"; Description "$(RELEASE)/$(COMPONENT) $(ARCHITECTURE) Packages"; flatDescription "$(RELEASE) Packages"; Optional "no"; };
APT::Architecture "${architecture}";
APT::Architectures { "${architecture}"; };
APT::Install-Recommends "false";
APT::Install-Suggests "false";
APT::Get::Assume-Yes "true";
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::ForceHash "SHA256";
Acquire::Retries "3";
Dir::State "${directory}";
Dir::State::status "${directory}/status";
Dir::State::lists "${directory}/lists";
Dir::Cache "${directory}";
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "${directory}/sources.d";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::Log "${directory}";
`;
}

/** The mirror as a `.sources` file. */
export function deb822({ uri, suites, components, options }: AptSource): string {
  const fields = { Types: 'deb', URIs: uri, Suites: suites.join(' '), Components: components.join(' '), ...options };
  return Object.entries(fields)
    .map(([name, value]) => `${name}: ${value}\n`)
    .join('');
}

async function prepare(state: AptState): Promise<string> {
  const { directory } = state;
  await use('apt', basename(directory));
  for (const name of ['lists/partial', 'archives/partial', 'sources.d']) {
    await mkdir(join(directory, name), { recursive: true });
  }
  await writeFile(join(directory, 'status'), '', { flag: 'a' });
  await writeFileAtomic(join(directory, 'sources.d', 'debian.sources'), deb822(state.mirror));
  const file = join(directory, 'apt.conf');
  await writeFileAtomic(file, configuration(state));
  return file;
}

/**
 * Gets the current lists of packages.
 * @throws AvocadoError `FEED_UNREACHABLE`
 */
export async function aptUpdate(state: AptState, signal?: AbortSignal): Promise<void> {
  const file = await prepare(state);
  const { code, stderr } = await runTool(
    ['apt-get', '-qq', '-c', file, '-o', 'APT::Update::Error-Mode=any', 'update'],
    {
      signal,
    },
  );
  if (code !== 0) {
    throw new AvocadoError('FEED_UNREACHABLE', "cannot get Debian's lists of packages", {
      output: stderr,
      hint: `Check the network and this machine's apt configuration, or set NX_AVOCADO_DEBIAN_MIRROR.`,
    });
  }
  await writeFile(join(state.directory, 'updated'), deb822(state.mirror));
}

/** Lists of packages are not asked for again within this time: several tasks may resolve at once. Milliseconds. */
const freshFor = 10 * 60 * 1000;

/** Whether the state has lists of packages that were got from this mirror a moment ago. */
export async function isFresh(state: AptState): Promise<boolean> {
  const stamp = join(state.directory, 'updated');
  const [text, found] = await Promise.all([
    readFile(stamp, 'utf8').catch(() => ''),
    stat(stamp).catch(() => undefined),
  ]);
  return text === deb822(state.mirror) && found !== undefined && Date.now() - found.mtimeMs < freshFor;
}

export interface AptChoice {
  name: string;
  version: string;
  architecture: string;
  filename: string;
  sha256: string;
  size: number;
}

/** What apt would install into an empty system, with everything that the packages depend on. */
export async function aptClosure(state: AptState, wanted: string[], signal?: AbortSignal): Promise<AptChoice[]> {
  const file = await prepare(state);
  const { code, stdout, stderr } = await runTool(['apt-get', '-qq', '-c', file, 'install', '--print-uris', ...wanted], {
    signal,
  });
  if (code !== 0) throw unavailable(state, wanted, stderr);
  return parseUris(stdout, state.mirror.uri);
}

/** @param output what apt said */
export function unavailable({ architecture, mirror }: AptState, wanted: string[], output: string): AvocadoError {
  const missing = [...output.matchAll(/Unable to locate package (\S+)|Package '(\S+)' has no installation candidate/g)];
  const further = furtherComponents(mirror);
  return new AvocadoError(
    'PACKAGE_UNAVAILABLE',
    missing.length > 0
      ? `Debian has no package ${missing.map((found) => found[1] ?? found[2]).join(', ')} for ${architecture}`
      : `apt cannot install these packages together for ${architecture}: ${wanted.join(' ')}`,
    {
      output,
      hint:
        further.length > 0
          ? `The machine target needs ${further.join(', ')} of Debian beside main: use a mirror that has it (NX_AVOCADO_DEBIAN_MIRROR).`
          : 'Name other Debian packages for it in the plugin option `packages` in nx.json.',
    },
  );
}

/** The lines of `apt-get --print-uris`: `'<uri>' <name>_<version>_<architecture>.deb <size> SHA256:<hex>`. */
export function parseUris(text: string, mirror: string): AptChoice[] {
  return text.split('\n').flatMap((line) => {
    const found = /^'([^']+)' (\S+?)_(\S+)_(\S+)\.deb (\d+) SHA256:([0-9a-f]{64})$/.exec(line);
    if (!found) return [];
    const [, uri = '', name = '', version = '', architecture = '', size = '', sha256 = ''] = found;
    const filename = decodeURIComponent(uri.slice(mirror.length + 1));
    return [{ name, version: decodeURIComponent(version), architecture, filename, sha256, size: Number(size) }];
  });
}
