import { spawn } from 'node:child_process';
import type { ChildProcess, StdioOptions } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';
import type { Readable } from 'node:stream';
import { AvocadoError } from '../error';
import { boundCommand } from '../store';
import type { BubblewrapPlan } from './bubblewrap';

/** Milliseconds between SIGTERM and SIGKILL. Nx itself kills after 5 s, so this must be well below. */
const graceTime = 2000;

/** Number of the descriptor on which bwrap tells the process id of the sandbox's first process. */
export const infoDescriptor = 3;

/** @throws AvocadoError `SANDBOX_MISSING` */
export function findBubblewrap(env: NodeJS.ProcessEnv = process.env): string {
  for (const directory of (env['PATH'] ?? '').split(delimiter).filter(isAbsolute)) {
    const path = join(directory, 'bwrap');
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      continue;
    }
  }
  throw new AvocadoError('SANDBOX_MISSING', 'bubblewrap (bwrap) is not installed, and the sandbox needs it', {
    hint: 'Install it with the system: apt-get install bubblewrap, dnf install bubblewrap.',
  });
}

/**
 * Starts bwrap with umask 022, whatever the caller's is, and nothing of the caller's environment.
 * The umask is a shell's because Node can set it only for the whole process, and not in a worker.
 */
export function startBubblewrap(
  bwrap: string,
  plan: BubblewrapPlan,
  before: string[],
  stdio: StdioOptions,
): ChildProcess {
  const [program, ...words] = boundCommand('KILL', [bwrap, ...before, ...plan.args], 'umask 022');
  return spawn(program, words, { env: plan.env, stdio });
}

/** The process id, outside, of the sandbox's first process; undefined when bwrap could not make the sandbox. */
export async function readFirstProcess(child: ChildProcess): Promise<number | undefined> {
  let text = '';
  try {
    for await (const chunk of child.stdio[infoDescriptor] as Readable) text += String(chunk);
    return (JSON.parse(text) as { 'child-pid'?: number })['child-pid'];
  } catch {
    return undefined;
  }
}

/**
 * Ends everything that runs in the sandbox: SIGTERM to the session, then SIGKILL to bwrap, with whom all the rest dies
 * (`--die-with-parent`, and the end of the process namespace's first process).
 */
export function endProcesses(child: ChildProcess, first: number | undefined, grace = graceTime): void {
  const running = (): boolean => child.exitCode === null && child.signalCode === null;
  if (!running()) return;
  // bwrap's outer process would die at once and take the sandbox with it, so the session inside is asked first.
  if (first === undefined || !signalGroup(first)) child.kill('SIGTERM');
  const timer = setTimeout(() => {
    if (running()) child.kill('SIGKILL');
  }, grace);
  child.once('exit', () => clearTimeout(timer));
}

function signalGroup(leader: number): boolean {
  try {
    process.kill(-leader, 'SIGTERM');
    return true;
  } catch {
    return false;
  }
}
