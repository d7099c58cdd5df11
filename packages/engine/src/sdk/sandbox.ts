import type { ChildProcess } from 'node:child_process';
import { hostname, release } from 'node:os';
import type { Readable, Writable } from 'node:stream';
import { AvocadoError, diskFullError } from '../error';
import type { Reporter } from '../report';
import { planBubblewrap } from './bubblewrap';
import type { BubblewrapPlan } from './bubblewrap';
import { CommandLog, aborted, checkSources, failed, missingProgram } from './command-log';
import type { RunOptions } from './command-log';
import { hostNetwork } from './network';
import { endOrphans } from './orphans';
import { endProcesses, findBubblewrap, infoDescriptor, readFirstProcess, startBubblewrap } from './process';
import { rerunCommand, writeRerun } from './rerun';
import { ranOutOfSpace, watchSpace } from './space';
import { terminalFilter } from './terminal';
import type { SdkCommand, SdkHost, SdkResult, SdkRunner, SdkStdio } from './types';

/** Runs commands with bubblewrap: Linux, no daemon, no privileges; see bubblewrap.ts for what a command sees. */
export function createSandboxRunner(): SdkRunner {
  const host: SdkHost = { name: hostname(), kernel: release(), architecture: process.arch };
  // What earlier processes have left: once is enough.
  let cleaned = false;
  const cleanRun: SdkRunner['run'] = (...args) => {
    if (!cleaned) endOrphans();
    cleaned = true;
    return run(...args);
  };
  return { kind: 'sandbox', host: () => Promise.resolve(host), run: cleanRun, spawn };
}

async function run(command: SdkCommand, reporter: Reporter, options: RunOptions = {}): Promise<SdkResult> {
  if (command.signal?.aborted) throw aborted(command);
  const bwrap = findBubblewrap();
  const plan = prepare(command, false);
  const log = new CommandLog(command, reporter, options);
  const child = startBubblewrap(bwrap, plan, ['--info-fd', String(infoDescriptor)], ['ignore', 'pipe', 'pipe', 'pipe']);
  let first: number | undefined;
  const firstKnown = readFirstProcess(child).then((pid) => (first = pid));
  const abort = (): void => endProcesses(child, first);
  command.signal?.addEventListener('abort', abort);
  const unwatch = watchSpace(command, abort);
  let code: number | null;
  try {
    const ended = new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      // Not `exit`: the pipes close when nothing of the sandbox is left to write to them.
      child.once('close', resolve);
    });
    log.collect(child.stdout as Readable, 'stdout');
    log.collect(child.stderr as Readable, 'stderr');
    code = await ended;
    await firstKnown;
  } finally {
    unwatch();
    command.signal?.removeEventListener('abort', abort);
    await log.close();
  }
  if (command.signal?.aborted) throw aborted(command);
  if (code !== 0) {
    const message = first === undefined ? `the sandbox for ${command.label} could not be made` : failed(command, code);
    if (ranOutOfSpace(command, log.lastLines)) {
      throw diskFullError(command.label, { output: log.shown, log: log.path });
    }
    throw new AvocadoError(first === undefined ? 'SANDBOX_FAILED' : 'COMMAND_FAILED', message, {
      output: log.shown,
      log: log.path,
      rerun: writeRerun(log.path, rerunCommand(plan.env, [bwrap, ...plan.args])),
      hint: hintFor(command, log.lastLines, first),
    });
  }
  return { stdout: log.standardOutput };
}

function spawn(command: SdkCommand, stdio: SdkStdio): ChildProcess {
  if (command.signal?.aborted) throw aborted(command);
  const bwrap = findBubblewrap();
  const terminal = stdio !== 'pipe';
  const [input, output] = typeof stdio === 'object' ? [stdio.input, stdio.output] : [stdio, stdio];
  const plan = prepare(command, terminal);
  const filter = terminal ? terminalFilter() : undefined;
  const before = ['--info-fd', String(infoDescriptor), ...(filter ? ['--seccomp', String(infoDescriptor + 1)] : [])];
  const child = startBubblewrap(bwrap, plan, before, [
    ...[input, output, output],
    'pipe',
    ...(filter ? ['pipe' as const] : []),
  ]);
  if (filter) {
    const pipe = child.stdio[infoDescriptor + 1] as Writable;
    // bwrap may end before it reads; its exit tells why.
    pipe.on('error', () => undefined);
    pipe.end(filter);
  }
  let first: number | undefined;
  // In the terminal's session there is no group of the sandbox's own to signal.
  void readFirstProcess(child).then((pid) => (first = terminal ? undefined : pid));
  const abort = (): void => endProcesses(child, first);
  command.signal?.addEventListener('abort', abort);
  child.once('close', () => command.signal?.removeEventListener('abort', abort));
  return child;
}

function prepare(command: SdkCommand, terminal: boolean): BubblewrapPlan {
  checkSources(command, command.devices);
  return planBubblewrap(command, { terminal, ...(command.network ? { network: hostNetwork() } : {}) });
}

function hintFor(command: SdkCommand, output: string, first: number | undefined): string | undefined {
  if (first === undefined && /setting up uid map|No permissions to create|Operation not permitted/.test(output)) {
    return (
      'The system forbids unprivileged user namespaces. Allow them (sysctl kernel.unprivileged_userns_clone=1, on ' +
      'Ubuntu sysctl kernel.apparmor_restrict_unprivileged_userns=0), or run as root.'
    );
  }
  return /^bwrap: execvp/m.test(output) ? missingProgram(command) : undefined;
}
