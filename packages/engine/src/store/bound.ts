/**
 * The command line of a program that dies with this process, even when that is killed by SIGKILL.
 * The kernel sends `signal` when the parent ends; where it ended before the kernel was asked to, the program never starts.
 * @param before what the shell does first: `umask 022`
 */
export function boundCommand(signal: 'KILL' | 'TERM', argv: readonly string[], before = ':'): [string, ...string[]] {
  const script = `${before}; [ "$PPID" = ${process.pid} ] && exec "$@"`;
  return ['setpriv', '--pdeathsig', signal, '--', '/bin/sh', '-c', script, 'sh', ...argv];
}
