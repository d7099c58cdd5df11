import { readFile } from 'node:fs/promises';
import { AvocadoError } from '../../error';
import { diskFull } from '../fetch';

/** Addresses without the name and password that they may hold. */
export function withoutCredentials(text: string): string {
  return text.replace(/(\b[a-z][a-z0-9+.-]*:\/\/)[^/\s@]+@/gi, '$1');
}

/** curl's codes for a peer whose certificate is not accepted. */
const certificateCodes = new Set(['35', '51', '53', '54', '58', '59', '60', '66', '77', '82', '83', '90', '91']);

/** What a failed run of dnf in the SDK image means to the user; any other error as it is. */
export async function feedError(error: unknown): Promise<unknown> {
  if (!(error instanceof AvocadoError) || error.code !== 'COMMAND_FAILED') return error;
  const text = error.log === undefined ? (error.output ?? '') : await readFile(error.log, 'utf8').catch(() => '');
  return explain(withoutCredentials(text), error) ?? error;
}

/** Pure: the error for what dnf printed, or undefined where that says nothing we know. */
export function explain(text: string, error: AvocadoError): AvocadoError | undefined {
  const { log, rerun } = error;
  const output = lastErrors(text);
  const make = (code: string, message: string, hint: string): AvocadoError =>
    new AvocadoError(code, message, { output, log, rerun, hint, cause: error });
  if (/No space left on device/.test(text)) return diskFull(error);
  const snapshot = /Status code: (?:404|410) for \S*\/snapshots\/([^/\s]+)\/\S*repomd\.xml/.exec(text)?.[1];
  if (snapshot !== undefined) {
    return make(
      'SNAPSHOT_VANISHED',
      `the feed no longer has the snapshot ${snapshot}, which avocado.lock pins`,
      'Move on to the current one: nx g nx-avocado:lock --update',
    );
  }
  const curl = /Curl error \((\d+)\): (.+)/.exec(text);
  if (curl && certificateCodes.has(curl[1] ?? '')) {
    return make(
      'FEED_UNTRUSTED',
      'the certificate of the feed is not trusted',
      'Name the authority that signed it in distro.repo.ca, or in AVOCADO_REPO_CA; see docs/feeds.md.',
    );
  }
  if (/Status code: (401|403)/.test(text)) {
    return make(
      'FEED_FORBIDDEN',
      'the feed refuses access',
      'Give credentials in AVOCADO_REPO_URL; see docs/feeds.md.',
    );
  }
  if (/checksum doesn't match|didn't match (?:its )?checksum|Payload SHA256 digest: BAD|digest: BAD/i.test(text)) {
    return make(
      'PACKAGE_CORRUPT',
      "the feed's packages are not what its index says",
      'Try again later. If it stays so, do not trust that feed.',
    );
  }
  if (curl || /Status code: \d+|Cannot download|Failed to download metadata/.test(text)) {
    return make(
      'FEED_UNREACHABLE',
      'cannot fetch from the feed',
      'Check the network, distro.release, distro.channel and distro.repo.url, or AVOCADO_REPO_URL.',
    );
  }
  const repository = /Unknown repo: '([^']+)'/.exec(text)?.[1];
  if (repository !== undefined) {
    return make(
      'REPOSITORY_UNKNOWN',
      `the feed has no repository ${repository}`,
      "It is source.repo_name of an extension, or of AVOCADO_DNF_ARGS. Without it all of the feed's repositories are asked.",
    );
  }
  const missing = [...text.matchAll(/No match for argument: (\S+)/g)].map((found) => found[1]);
  if (missing.length > 0) {
    return make(
      'PACKAGE_UNAVAILABLE',
      `the feed has no package ${[...new Set(missing)].join(', ')}`,
      'Check its name and version in avocado.yaml. Where avocado.lock pins it, move on: nx g nx-avocado:lock --update',
    );
  }
  if (/^ ?Problem(?: \d+)?:/m.test(text)) {
    return make(
      'PACKAGE_UNAVAILABLE',
      'the packages cannot be installed together',
      'The lines above say which exclude each other.',
    );
  }
  return undefined;
}

function lastErrors(text: string): string {
  const lines = text
    .split('\n')
    .filter((line) => /error|problem|no match|nothing provides|status code|requires/i.test(line));
  return lines.slice(-12).join('\n');
}
