import { AvocadoError } from '@nx-avocado/engine/error';

/**
 * A name that is good for all that is made of it: a key of avocado.yaml, a directory, a systemd unit, a crate, a Go
 * module, an npm package, a CMake target.
 * @param reserved names that a tool of the language keeps for itself
 * @throws AvocadoError `NAME_INVALID`
 */
export function checkName(kind: 'extension' | 'runtime', name: string, reserved: readonly string[] = []): void {
  if (reserved.includes(name)) {
    throw new AvocadoError('NAME_INVALID', `${name} is no name for an ${kind} of this language: its tools use it`, {
      hint: `Choose another, such as ${name}-app.`,
    });
  }
  if (/^[a-z][a-z0-9]*([_-][a-z0-9]+)*$/.test(name) && name.length <= 64) return;
  const better = name
    .replace(/([a-z0-9])([A-Z])/g, '$1-$2')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^[^a-z]+/, '')
    .slice(0, 64)
    .replace(/-+$/, '');
  throw new AvocadoError('NAME_INVALID', `${JSON.stringify(name)} is no name for ${withArticle(kind)}`, {
    hint: `Use up to 64 lower-case letters and digits, a letter first, with - or _ between words${better ? `: ${better}` : ''}.`,
  });
}

/**
 * One line that stands in YAML, TOML, units and comments alike, so that none of them has to quote it.
 * @throws AvocadoError `SUMMARY_INVALID`
 */
export function checkSummary(summary: string): void {
  if (/^[\p{L}\p{N}][\p{L}\p{N} .,:;'()+/&-]{0,199}$/u.test(summary) && !/: |:$| #/.test(summary)) return;
  throw new AvocadoError('SUMMARY_INVALID', `${JSON.stringify(summary)} cannot be the summary`, {
    hint: 'Write one line of words, without quotes, backslashes or a colon before a blank.',
  });
}

function withArticle(kind: string): string {
  return `${/^[aeiou]/.test(kind) ? 'an' : 'a'} ${kind}`;
}
