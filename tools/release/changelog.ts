/**
 * A changelog in the form of keepachangelog.com whose unreleased part has become the section of `version`.
 * @param date of the release, as 2026-11-22
 * @returns the text as it is where it has that section already
 * @throws Error where nothing is unreleased: a version that changes nothing is a mistake
 */
export function releaseChangelog(text: string, version: string, date: string): string {
  if (text.includes(`\n## ${version} - `)) return text;
  const heading = '## Unreleased\n';
  const start = text.indexOf(`\n${heading}`) + 1;
  const body = text.slice(start + heading.length);
  const next = body.search(/^## /m);
  const unreleased = next < 0 ? body : body.slice(0, next);
  if (start === 0 || unreleased.trim() === '') throw new Error('CHANGELOG.md has nothing under "## Unreleased"');
  return `${text.slice(0, start)}${heading}\n## ${version} - ${date}\n${body}`;
}
