import { readFileSync, readdirSync } from 'node:fs';

/** Numbers of the running processes of which one argument contains `text`. */
export function processesWith(text: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && commandLine(name).some((argument) => argument.includes(text)))
    .map(Number);
}

export function programOf(pid: number): string {
  return commandLine(String(pid))[0] ?? '';
}

export function parentOf(pid: number): number {
  return Number(/^PPid:\s*(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}

/** Asks every 100 ms; what it last got when the time is over. */
export async function eventually<T>(ask: () => T, wanted: (value: T) => boolean, limit: number): Promise<T> {
  for (const end = Date.now() + limit; ;) {
    const value = ask();
    if (wanted(value) || Date.now() > end) return value;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

function commandLine(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    // It has ended meanwhile.
    return [];
  }
}
