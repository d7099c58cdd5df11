import type { PluginOptions } from '../../graph/options';
import type { Host } from './host';

/** What is wrong, and the commands that put it right. */
export interface Problem {
  what: string;
  fix: string;
}

/** What this machine lacks for a feed and a runner. */
export function problemsOf(host: Host, { feed, runner }: Pick<PluginOptions, 'feed' | 'runner'>): Problem[] {
  const docker = runner === 'docker' ? missingDocker(host) : [];
  if (feed === 'avocado') return docker;
  if (host.platform !== 'linux' || !['x64', 'arm64'].includes(host.architecture)) {
    return [
      {
        what: `The feed debian needs Linux on x86-64 or arm64; this machine is ${host.platform} on ${host.architecture}.`,
        fix: 'Build on a Linux machine, a virtual one or CI: the graph and the generators work here too.',
      },
    ];
  }
  const sandbox = runner === 'sandbox' ? missingNamespaces(host) : [];
  const needed = host.missing.filter((name) => runner === 'sandbox' || name !== 'bubblewrap');
  return [...missingPackages(host, needed), ...sandbox, ...missingIds(host), ...docker];
}

function missingPackages(host: Host, missing: string[]): Problem[] {
  if (missing.length === 0) return [];
  const what = `These host packages are missing: ${missing.join(', ')}.`;
  if (!host.hasApt) return [{ what, fix: 'Install them, and apt, with the package manager of this system.' }];
  const install = `apt-get install --yes --no-install-recommends ${missing.join(' ')}`;
  return [{ what, fix: asRoot(host, ['apt-get update', install]) }];
}

function missingNamespaces(host: Host): Problem[] {
  if (host.namespaceError === undefined) return [];
  const what = `bubblewrap may not make a user namespace: ${host.namespaceError}`;
  const fix = host.restrictedByAppArmor
    ? asRoot(host, ['sysctl -w kernel.apparmor_restrict_unprivileged_userns=0'])
    : 'Inside a container, start it with --privileged.';
  return [{ what, fix }];
}

/** An ordinary user makes a root file system with ids of its own. */
function missingIds(host: Host): Problem[] {
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

function missingDocker(host: Host): Problem[] {
  const { docker } = host;
  if (!docker) return [];
  return [{ what: `The runner docker has no daemon: ${docker.message}.`, fix: dockerFix(host, docker) }];
}

function dockerFix(host: Host, { code, hint = '' }: NonNullable<Host['docker']>): string {
  const join = `usermod --append --groups docker ${host.user}`;
  if (code === 'DOCKER_PERMISSION_DENIED') return `${asRoot(host, [join])}, then log in again.`;
  // Whoever names a daemon knows it.
  if (code !== 'DOCKER_UNREACHABLE' || host.namesDaemon) return hint;
  if (host.platform !== 'linux') return 'Start Docker Desktop, or install it: https://docs.docker.com/desktop/';
  if (host.engine === 'docker') return asRoot(host, ['systemctl start docker']);
  if (host.engine === 'podman') return 'systemctl --user enable --now podman.socket';
  if (!host.hasApt) return 'Install Docker or Podman with the package manager of this system.';
  const install = ['apt-get update', 'apt-get install --yes docker.io'];
  if (host.isRoot) return asRoot(host, install);
  return `${asRoot(host, [...install, join])}, then log in again.`;
}

/** Debian has no sudo where root got a password at its installation. */
function asRoot({ isRoot, hasSudo }: Host, commands: string[]): string {
  if (isRoot) return commands.join(' && ');
  return hasSudo ? commands.map((command) => `sudo ${command}`).join(' && ') : `su - -c '${commands.join(' && ')}'`;
}
