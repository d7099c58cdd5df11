import type { PluginOptions } from '../../graph/options';
import type { Host } from './host';

/** What is written to nx.json, why, and what the machine lacks for it. */
export interface Choice {
  options: Pick<PluginOptions, 'feed' | 'runner' | 'lock'>;
  reasons: string[];
  /** What is wrong, and the commands that put it right. */
  problems: { what: string; fix: string }[];
}

/**
 * Chooses for a machine. The choice is committed and part of every cache key, so it says what the workspace is built
 * with everywhere; what this machine lacks for it is a message.
 */
export function choose(host: Host, asked: Partial<Choice['options']>): Choice {
  const { feed = 'debian', runner = 'sandbox', lock = 'strict' } = asked;
  const problems = sandboxProblems(host);
  const state =
    problems.length === 0 ? 'this machine has all that it needs' : 'this machine lacks something, see below';
  return {
    options: { feed, runner, lock },
    reasons: [
      `feed ${feed}: Debian 13 packages by their Avocado names, without an account; this release has no other feed.`,
      `runner ${runner}: bubblewrap, without Docker and root; this release has no other runner, and ${state}.`,
      lock === 'strict'
        ? 'lock strict: a pinned package that the feed no longer has is an error, until you move the pin.'
        : 'lock refresh: a pinned package that the feed no longer has is replaced by the one it has, with a notice.',
    ],
    problems,
  };
}

function sandboxProblems(host: Host): Choice['problems'] {
  if (host.platform !== 'linux' || !['x64', 'arm64'].includes(host.architecture)) {
    return [
      {
        what: `The sandbox needs Linux on x86-64 or arm64; this machine is ${host.platform} on ${host.architecture}.`,
        fix: 'Build on a Linux machine, a virtual one or CI: the graph and the generators work here too.',
      },
    ];
  }
  return [...missingPackages(host), ...missingNamespaces(host), ...missingIds(host)];
}

function missingPackages(host: Host): Choice['problems'] {
  if (host.missing.length === 0) return [];
  const what = `These host packages are missing: ${host.missing.join(', ')}.`;
  if (!host.hasApt) return [{ what, fix: 'Install them, and apt, with the package manager of this system.' }];
  const install = `apt-get install --yes --no-install-recommends ${host.missing.join(' ')}`;
  return [{ what, fix: asRoot(host, ['apt-get update', install]) }];
}

function missingNamespaces(host: Host): Choice['problems'] {
  if (host.namespaceError === undefined) return [];
  const what = `bubblewrap may not make a user namespace: ${host.namespaceError}`;
  const fix = host.restrictedByAppArmor
    ? asRoot(host, ['sysctl -w kernel.apparmor_restrict_unprivileged_userns=0'])
    : 'Inside a container, start it with --privileged.';
  return [{ what, fix }];
}

/** An ordinary user makes a root file system with ids of its own. */
function missingIds(host: Host): Choice['problems'] {
  if (host.hasSubordinateIds) return [];
  const range = '100000-165535';
  const command = `usermod --add-subuids ${range} --add-subgids ${range} ${host.user}`;
  return [
    {
      what: `The user ${host.user} has no subordinate ids in /etc/subuid and /etc/subgid.`,
      fix: `${asRoot(host, [command])} (choose another range where somebody has this one)`,
    },
  ];
}

/** Debian has no sudo where root got a password at its installation. */
function asRoot({ isRoot, hasSudo }: Host, commands: string[]): string {
  if (isRoot) return commands.join(' && ');
  return hasSudo ? commands.map((command) => `sudo ${command}`).join(' && ') : `su - -c '${commands.join(' && ')}'`;
}
