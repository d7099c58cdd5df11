import type { ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createWriteStream, existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { AvocadoError } from '../error';
import type { Reporter } from '../report';
import { storePath } from '../store';
import { planBubblewrap } from './bubblewrap';
import type { BubblewrapPlan } from './bubblewrap';
import { ByteTail, LineSplitter, Tail } from './lines';
import { hostNetwork } from './network';
import { endProcesses, findBubblewrap, infoDescriptor, readFirstProcess, startBubblewrap } from './process';
import { rerunCommand, writeRerun } from './rerun';
import { terminalFilter } from './terminal';
import type { SdkCommand, SdkResult, SdkRunner } from './types';

/** Lines of a failed command that its error shows. */
const shownLines = 25;
/** Bytes of standard output that a result holds. */
const outputLimit = 4 * 1024 * 1024;

/** Runs commands with bubblewrap: Linux, no daemon, no privileges; see bubblewrap.ts for what a command sees. */
export function createSandboxRunner(): SdkRunner {
  return { kind: 'sandbox', run, spawn };
}

async function run(
  command: SdkCommand,
  reporter: Reporter,
  options: { stream?: boolean; logFile?: string } = {},
): Promise<SdkResult> {
  if (command.signal?.aborted) throw aborted(command);
  const bwrap = findBubblewrap();
  const plan = prepare(command, false);
  const log = options.logFile ?? logPath(command);
  mkdirSync(dirname(log), { recursive: true });
  const logStream = createWriteStream(log).on('error', () => undefined);
  const child = startBubblewrap(bwrap, plan, ['--info-fd', String(infoDescriptor)], ['ignore', 'pipe', 'pipe', 'pipe']);

  const stdout = new ByteTail(outputLimit);
  const tail = new Tail(shownLines);
  const onLine = (line: string): void => {
    tail.add(line);
    if (options.stream) reporter.output(line);
  };
  let first: number | undefined;
  const firstKnown = readFirstProcess(child).then((pid) => (first = pid));
  const abort = (): void => endProcesses(child, first);
  command.signal?.addEventListener('abort', abort);
  let code: number | null;
  try {
    const ended = new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      // Not `exit`: the pipes close when nothing of the sandbox is left to write to them.
      child.once('close', resolve);
    });
    collect(child.stdout as Readable, logStream, onLine, (chunk) => stdout.add(chunk));
    collect(child.stderr as Readable, logStream, onLine);
    code = await ended;
    await firstKnown;
  } finally {
    command.signal?.removeEventListener('abort', abort);
    await new Promise<void>((resolve) => logStream.end(resolve));
  }
  if (command.signal?.aborted) throw aborted(command);
  if (code !== 0) {
    const output = tail.toString();
    throw new AvocadoError(first === undefined ? 'SANDBOX_FAILED' : 'COMMAND_FAILED', describe(command, code, first), {
      // What was streamed stands above already.
      output: options.stream ? undefined : output,
      log,
      rerun: writeRerun(log, rerunCommand(plan.env, [bwrap, ...plan.args])),
      hint: hintFor(command, output, first),
    });
  }
  return { stdout: stdout.toString() };
}

function spawn(command: SdkCommand, stdio: 'inherit' | 'pipe'): ChildProcess {
  if (command.signal?.aborted) throw aborted(command);
  const bwrap = findBubblewrap();
  const terminal = stdio === 'inherit';
  const plan = prepare(command, terminal);
  const filter = terminal ? terminalFilter() : undefined;
  const before = ['--info-fd', String(infoDescriptor), ...(filter ? ['--seccomp', String(infoDescriptor + 1)] : [])];
  const child = startBubblewrap(bwrap, plan, before, [
    stdio,
    stdio,
    stdio,
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
  const sources = [
    command.root.path,
    ...(command.mounts ?? []).map((mount) => mount.source),
    ...(command.devices ?? []),
  ];
  const missing = sources.find((source) => !existsSync(source));
  if (missing !== undefined) {
    throw new AvocadoError('SDK_MOUNT_MISSING', `${command.label} needs ${missing}, which does not exist`);
  }
  return planBubblewrap(command, { terminal, ...(command.network ? { network: hostNetwork() } : {}) });
}

function collect(
  stream: Readable,
  log: Writable,
  onLine: (line: string) => void,
  onChunk: (chunk: Buffer) => void = () => undefined,
): void {
  const lines = new LineSplitter(onLine);
  stream.on('data', (chunk: Buffer) => {
    onChunk(chunk);
    lines.write(chunk);
    // A log that cannot be written (no space left) must not stop the command.
    if (!log.destroyed && !log.write(chunk)) {
      stream.pause();
      log.once('drain', () => stream.resume()).once('close', () => stream.resume());
    }
  });
  stream.on('end', () => lines.end());
}

/** One name for a command in a workspace, so that running it again replaces its log. */
function logPath(command: SdkCommand): string {
  const slug = command.label.replace(/[^A-Za-z0-9._-]+/g, '-').slice(0, 80);
  const key = createHash('sha256').update(`${process.cwd()}\0${command.label}\0${command.root.digest}`).digest('hex');
  return storePath('logs', `${slug}-${key.slice(0, 8)}.log`);
}

function aborted(command: SdkCommand): AvocadoError {
  return new AvocadoError('ABORTED', `${command.label} was interrupted`);
}

function describe(command: SdkCommand, code: number | null, first: number | undefined): string {
  if (first === undefined) return `the sandbox for ${command.label} could not be made`;
  return `${command.label} failed: ${command.argv[0] ?? ''} ended ${code === null ? 'by a signal' : `with code ${code}`}`;
}

function hintFor(command: SdkCommand, output: string, first: number | undefined): string | undefined {
  if (first === undefined && /setting up uid map|No permissions to create|Operation not permitted/.test(output)) {
    return (
      'The system forbids unprivileged user namespaces. Allow them (sysctl kernel.unprivileged_userns_clone=1, on ' +
      'Ubuntu sysctl kernel.apparmor_restrict_unprivileged_userns=0), or run as root.'
    );
  }
  if (/^bwrap: execvp/m.test(output))
    return `${command.argv[0] ?? ''} is not in the SDK: add its package to sdk.packages.`;
  return undefined;
}
