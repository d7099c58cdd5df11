import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { AvocadoError } from '../error';
import { announceContainerArgs, scriptEnvironment, shellCommand } from '../sdk';
import type { SdkCommand, SdkProcess, SdkStdio } from '../sdk';
import { sha256, storePath, use } from '../store';
import type { SdkRunOptions, TaskContext } from '../task';
import { openSdk } from './open-sdk';
import { listFiles } from './sources';

/**
 * Runs a command that the user typed in a project's SDK: with the environment of its scripts, with network, and with the
 * sources themselves at /opt/src, where it may write.
 * @param stdio a terminal, or `inherit` where this process has one: `pipe` passes its input and output on
 * @returns the command's exit code; null where a signal ended it
 * @throws AvocadoError `SDK_RUN_EMPTY`, and of the runner
 */
export async function sdkRun(
  options: SdkRunOptions,
  context: TaskContext,
  stdio: SdkStdio = 'pipe',
): Promise<number | null> {
  const [program] = options.command;
  if (program === undefined) {
    throw new AvocadoError('SDK_RUN_EMPTY', 'no command was given', {
      hint: 'Write it after --, as in: nx run dev:sdk-run -- bash',
    });
  }
  const command = await plan(options, context);
  announceContainerArgs(command, context);
  return ended(context.runner.spawn(command, stdio), command);
}

/** For who cannot hand the exit code on. */
export function sdkRunFailure({ command }: Pick<SdkRunOptions, 'command'>, code: number | null): AvocadoError {
  const how = code === null ? 'was ended by a signal' : `ended with code ${code}`;
  return new AvocadoError('COMMAND_FAILED', `${shellCommand(command)} ${how}`, {
    hint: code === 127 ? 'The SDK may lack the program: add its package to sdk.packages.' : undefined,
  });
}

async function plan(options: SdkRunOptions, context: TaskContext): Promise<SdkCommand> {
  const { machine, extension, source_date_epoch } = options;
  const sdk = await openSdk(machine, options.sdk, context);
  // Kept: what a user fetches or builds there is there the next time.
  const key = sha256(['sdk-run', context.workspaceRoot, options.sdk.path, sdk.digest].join('\0')).slice(0, 24);
  const own = (name: string): string => storePath('work', key, name);
  await use('work', key);
  for (const name of ['build', 'cargo']) await mkdir(own(name), { recursive: true });
  const sources = join(context.workspaceRoot, options.sourceRoot);
  const stays = { writable: true, state: { results: [] } };
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
      {
        ...{ source: sources, target: sdk.paths.source, writable: true, returns: 'changes' },
        // The sandbox shows the directory itself.
        ...(context.runner.kind === 'docker' && { needs: listFiles(sources) }),
      },
      { source: own('build'), target: `${sdk.paths.sdk}/build`, ...stays },
      { source: own('cargo'), target: sdk.paths.cargoHome, ...stays },
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
