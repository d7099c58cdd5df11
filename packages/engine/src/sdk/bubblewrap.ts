import { placeRoot } from './placement';
import type { ListDirectory } from './placement';
import type { HostNetwork } from './network';
import type { SdkCommand } from './types';

export interface BubblewrapPlan {
  /** Arguments of bwrap, command included. */
  args: string[];
  /** bwrap's whole environment, and so the command's; not among the arguments, which any user can list. */
  env: Record<string, string>;
}

export interface BubblewrapOptions {
  /**
   * The command shares the terminal instead of getting a session of its own: job control and Ctrl-C then work as
   * usual. The caller must filter TIOCSTI instead (`terminal.ts`).
   */
  terminal?: boolean;
  /** What the host's network needs; read only where the command has `network`. */
  network?: HostNetwork;
  list?: ListDirectory;
}

/** Name of the machine inside, by which a sandbox is known as ours. */
export const sandboxHost = 'avocado-sdk';

/** The same for every command; `env` of a command may replace one. */
export const fixedEnvironment: Readonly<Record<string, string>> = {
  HOME: '/root',
  LC_ALL: 'C.UTF-8',
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  SOURCE_DATE_EPOCH: '0',
  TZ: 'UTC',
};

/**
 * Root inside is the calling user outside, and may do to its own files what root does: scripts written for a container
 * that runs as root chown, and write where the mode forbids it. Everything else that root may do is dropped.
 */
const capabilities = ['CAP_CHOWN', 'CAP_DAC_OVERRIDE', 'CAP_FOWNER', 'CAP_FSETID'];

/** Pure but for `list`: what bwrap is called with for a command. */
export function planBubblewrap(command: SdkCommand, options: BubblewrapOptions = {}): BubblewrapPlan {
  const network = command.network ? options.network : undefined;
  const mounts = [...(network?.mounts ?? []), ...(command.mounts ?? [])]
    // A mount inside another must come after it.
    .sort((a, b) => (a.target < b.target ? -1 : a.target > b.target ? 1 : 0));
  const targets = mounts.map((mount) => mount.target);
  const args = [
    '--unshare-all',
    '--unshare-user',
    ...(command.network ? ['--share-net'] : []),
    '--die-with-parent',
    ...(options.terminal ? [] : ['--new-session']),
    ...['--hostname', sandboxHost, '--uid', '0', '--gid', '0', '--cap-drop', 'ALL'],
    ...capabilities.flatMap((capability) => ['--cap-add', capability]),
    ...placeRoot(command.root.path, targets, options.list),
    ...['--proc', '/proc', '--dev', '/dev'],
    ...(command.devices ?? []).flatMap((device) => ['--dev-bind', device, device]),
    ...[
      '--perms',
      '1777',
      '--tmpfs',
      '/tmp',
      '--perms',
      '0755',
      '--tmpfs',
      '/run',
      '--perms',
      '0700',
      '--tmpfs',
      '/root',
    ],
    ...mounts.flatMap(({ source, target, writable }) => [writable ? '--bind' : '--ro-bind', source, target]),
    ...['--chdir', command.cwd ?? '/', '--', ...command.argv],
  ];
  return { args, env: { ...fixedEnvironment, ...network?.env, ...command.env } };
}
