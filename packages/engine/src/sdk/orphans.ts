import { readFileSync, readdirSync } from 'node:fs';
import { sandboxHost } from './bubblewrap';

/**
 * Ends what bubblewrap leaves when it is killed in the moment between making a sandbox's first process and giving it its
 * rights: that process asks only later to die with its parent, and until then waits for it, now for ever.
 */
export function endOrphans(): void {
  for (const pid of readdirSync('/proc')) {
    if (/^\d+$/.test(pid) && isOrphan(pid)) end(Number(pid));
  }
}

/** The first process of a namespace of its own, whose parent is not bwrap any more. */
function isOrphan(pid: string): boolean {
  try {
    if (nameOf(pid) !== 'bwrap') return false;
    const status = readFileSync(`/proc/${pid}/status`, 'latin1');
    const parent = /^PPid:\t(\d+)$/m.exec(status)?.[1] ?? '';
    if (!/^NSpid:(\t\d+)+\t1$/m.test(status) || nameOf(parent) === 'bwrap') return false;
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes(`\0--hostname\0${sandboxHost}\0`);
  } catch {
    // Ended meanwhile, or hidden from this user.
    return false;
  }
}

function nameOf(pid: string): string {
  return readFileSync(`/proc/${pid}/comm`, 'latin1').trimEnd();
}

function end(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // Another user's.
  }
}
