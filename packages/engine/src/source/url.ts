import { AvocadoError } from '../error';

/** What git may speak here: no helper program that a URL names (`ext::`), and nothing that anybody on the way can change. */
export const protocols = ['https', 'ssh', 'git', 'file'] as const;

const hint = 'Write https://host/path, ssh://user@host/path, user@host:path, git://host/path or file:///path.';

/**
 * Refuses a URL that git would take for something else, and one with a password: it would stand in avocado.lock.
 * @throws AvocadoError `SOURCE_URL_INVALID`
 */
export function checkUrl(url: string): void {
  const invalid = (what: string, help = hint) =>
    new AvocadoError('SOURCE_URL_INVALID', `git cannot fetch from ${withoutPassword(url)}: ${what}`, { hint: help });
  if (/[\0-\x20\x7f]/.test(url)) throw invalid('it has a blank or a control character');
  if (url.startsWith('-')) throw invalid('it starts with a hyphen');
  const scheme = /^([\w+.-]+):\/\//.exec(url)?.[1];
  if (scheme === undefined) {
    // ssh's short form; a colon behind a slash would be a path of this machine.
    if (/^[\w.-]+@[\w.-]+:(?!:)[^:]+$/.test(url)) return;
    throw invalid('it names no protocol');
  }
  if (!(protocols as readonly string[]).includes(scheme)) {
    throw invalid(`the protocol ${scheme} is not one of ${protocols.join(', ')}`);
  }
  if (withoutPassword(url) !== url) {
    throw invalid('it has a password', "Leave it to git: a credential helper, or ssh's keys.");
  }
}

function withoutPassword(url: string): string {
  return url.replace(/^([\w+.-]+:\/\/[^/@:]*):[^/@]*@/, '$1:***@');
}
