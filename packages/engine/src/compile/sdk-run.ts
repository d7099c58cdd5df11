import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { AvocadoError } from '../error';
import { announceContainerArgs, scriptEnvironment, shellCommand } from '../sdk';
import type { SdkCommand, SdkProcess, SdkStdio } from '../sdk';
import { sha256, storePath } from '../store';
import type { SdkRunOptions, TaskContext } from '../task';
import { openSdk } from './open-sdk';

/**
 * Runs a command that the user typed in a project's SDK: with the environment of its scripts, with network, and with the
 * sources themselves at /opt/src, where it may write.
 * @param stdio a terminal, or `inherit` where this process has one: `pipe` passes its input and output on
 * @throws AvocadoError `SDK_RUN_EMPTY`, `COMMAND_FAILED` with the command's exit code
 */
export async function sdkRun(options: SdkRunOptions, context: TaskContext, stdio: SdkStdio = 'pipe'): Promise<void> {
  const [program] = options.command;
  if (program === undefined) {
    throw new AvocadoError('SDK_RUN_EMPTY', 'no command was given', {
      hint: 'Write it after --, as in: nx run dev:sdk-run -- bash',
    });
  }
  const command = await plan(options, context);
  announceContainerArgs(command, context);
  const code = await ended(context.runner.spawn(command, stdio), command);
  if (code === 0) return;
  const how = code === null ? 'was ended by a signal' : `ended with code ${code}`;
  throw new AvocadoError('COMMAND_FAILED', `${shellCommand(options.command)} ${how}`, {
    hint: code === 127 ? 'The SDK may lack the program: add its package to sdk.packages.' : undefined,
  });
}

async function plan(options: SdkRunOptions, context: TaskContext): Promise<SdkCommand> {
  const { machine, extension, source_date_epoch } = options;
  const sdk = await openSdk(machine, options.sdk, context);
  // Kept: what a user fetches or builds there is there the next time.
  const key = sha256(['sdk-run', context.workspaceRoot, options.sdk.path, sdk.digest].join('\0')).slice(0, 24);
  const own = (name: string): string => storePath('work', key, name);
  for (const name of ['build', 'cargo']) await mkdir(own(name), { recursive: true });
  return {
    root: sdk.root,
    argv: options.command,
    cwd: sdk.paths.source,
    env: {
      ...scriptEnvironment({ ...sdk, machine, source_date_epoch, ...(extension !== undefined && { extension }) }),
      TERM: process.env['TERM'] ?? 'dumb',
    },
    mounts: [
      ...sdk.mounts,
      { source: join(context.workspaceRoot, options.sourceRoot), target: sdk.paths.source, writable: true },
      { source: own('build'), target: `${sdk.paths.sdk}/build`, writable: true },
      { source: own('cargo'), target: sdk.paths.cargoHome, writable: true },
    ],
    network: true,
    ...(options.containerArgs && { containerArgs: options.containerArgs }),
    label: shellCommand(options.command),
    signal: context.signal,
  };
}

function ended(child: SdkProcess, { signal }: SdkCommand): Promise<number | null> {
  child.stdout?.pipe(process.stdout, { end: false });
  child.stderr?.pipe(process.stderr, { end: false });
  if (child.stdin) {
    child.stdin.on('error', () => undefined);
    process.stdin.pipe(child.stdin);
  }
  return new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  }).finally(() => {
    process.stdin.unpipe();
    process.stdin.pause();
    signal?.throwIfAborted();
  });
}
