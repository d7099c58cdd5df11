import { normaliseOptions } from '../../graph/options';
import type { PluginOptions } from '../../graph/options';
import type { Host } from './host';
import { problemsOf } from './problems';
import type { Problem } from './problems';

/** What is written to nx.json, why, and what the machine lacks for it. */
export interface Choice {
  options: Pick<PluginOptions, 'feed' | 'runner' | 'lock'>;
  reasons: string[];
  problems: Problem[];
}

/**
 * Chooses for a machine. The choice is committed and part of every cache key, so it says what the workspace is built
 * with everywhere; what this machine lacks for it is a message.
 * @throws AvocadoError `OPTIONS_INVALID` where what is asked for does not go together
 */
export function choose(host: Host, asked: Partial<Choice['options']>): Choice {
  const { feed = 'debian', lock = 'strict' } = asked;
  const runner = asked.runner ?? runnerFor(host, feed);
  const options = { feed, runner, lock };
  normaliseOptions(options);
  const problems = problemsOf(host, options);
  const state =
    problems.length === 0 ? 'this machine has all that it needs' : 'this machine lacks something, see below';
  return {
    options,
    reasons: [
      `feed ${feed}: ${feeds[feed]}`,
      `runner ${runner}: ${whyRunner(host, options, asked)}, and ${state}.`,
      lock === 'strict'
        ? 'lock strict: a pinned package that the feed no longer has is an error, until you move the pin.'
        : 'lock refresh: a pinned package that the feed no longer has is replaced by the one it has, with a notice.',
    ],
    problems,
  };
}

const feeds = {
  debian: 'Debian 13 packages by their Avocado names, without an account; --feed avocado is for products.',
  avocado: "Avocado's own packages, by the dnf of sdk.image; --feed debian is for trying it, without Docker.",
} as const;

/** bubblewrap where it may run: nothing else has to. */
function runnerFor(host: Host, feed: PluginOptions['feed']): PluginOptions['runner'] {
  if (feed === 'avocado') return 'docker';
  return host.namespaceError !== undefined && host.docker === undefined ? 'docker' : 'sandbox';
}

function whyRunner(host: Host, { feed, runner }: Choice['options'], asked: Partial<Choice['options']>): string {
  if (runner === 'sandbox') return 'bubblewrap, without Docker and root; --runner docker gives the same bytes';
  if (feed === 'avocado') return 'containers of sdk.image, which the feed avocado needs';
  if (asked.runner) return 'containers instead of bubblewrap, with the same bytes';
  return `containers, because bubblewrap may not make a user namespace (${host.namespaceError}) and Docker answers`;
}
