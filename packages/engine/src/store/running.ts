import { readFileSync } from 'node:fs';

/** Whether a process still does something. One that ended, and whose parent has not asked how, does not. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  return !/^[ZX]/.test(stateOf(pid));
}

/** Linux's letter for it, behind the program's name in parentheses; empty where nothing tells. */
function stateOf(pid: number): string {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return text.slice(text.lastIndexOf(')') + 2);
  } catch {
    return '';
  }
}
