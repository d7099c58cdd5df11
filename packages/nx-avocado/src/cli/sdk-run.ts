import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Command } from 'commander';
import { createProjectGraphAsync, readJsonFile } from '@nx/devkit';
import type { NxJsonConfiguration, ProjectGraph, TargetConfiguration } from '@nx/devkit';
import { sdkRun } from '@nx-avocado/engine/compile';
import { AvocadoError } from '@nx-avocado/engine/error';
import type { SdkRunOptions } from '@nx-avocado/engine/task';
import { abortOnSignals, taskContext } from '../executors/context';
import { lineReporter } from '../executors/reporter';
import { workspaceRoot } from './workspace';

/**
 * `nx-avocado sdk-run`: the target of that name, but with the command's own exit code and standard output. Nx makes 1 of
 * whatever an executor ends with, and puts lines of its own between those of a task.
 */
export function sdkRunCommand(program: Command): void {
  program
    .command('sdk-run <project> <command...>')
    .description("Run a command in a project's SDK; the exit code and the output are the command's")
    .option('-t, --target <machine>', 'machine target, where it is not the default')
    .usage('[options] <project> -- <command...>')
    .action(async (project: string, command: string[], { target: machine }: { target?: string }) => {
      const root = workspaceRoot();
      const options = optionsOf(await createProjectGraphAsync(), project, machine);
      const terminal = process.stdin.isTTY && process.stdout.isTTY;
      // A terminal's Ctrl-C is for the command, which gets it as well.
      const abort = abortOnSignals(terminal ? ['SIGTERM', 'SIGHUP'] : undefined);
      if (terminal) process.on('SIGINT', () => undefined);
      try {
        await runNx(root, ['run', [project, 'sdk-install', ...(machine ? [machine] : [])].join(':')]);
        const nxJsonConfiguration = readJsonFile<NxJsonConfiguration>(join(root, 'nx.json'));
        const task = taskContext({ root, nxJsonConfiguration }, lineReporter(process.stderr), abort.signal);
        process.exitCode = (await sdkRun({ ...options, command }, task, terminal ? 'inherit' : 'pipe')) ?? 1;
      } finally {
        abort.release();
      }
    });
}

/** @throws AvocadoError `SDK_RUN_PROJECT_UNKNOWN`, `SDK_RUN_MACHINE_UNKNOWN` */
function optionsOf({ nodes }: ProjectGraph, project: string, machine?: string): Omit<SdkRunOptions, 'command'> {
  const target = nodes[project]?.data.targets?.['sdk-run'];
  if (!target) {
    const others = Object.keys(nodes).filter((name) => nodes[name]?.data.targets?.['sdk-run']);
    throw new AvocadoError('SDK_RUN_PROJECT_UNKNOWN', `${project} is no project with an SDK`, {
      hint: `Those are ${others.sort().join(', ')}.`,
    });
  }
  const { options, configurations = {} } = target as TargetConfiguration;
  if (machine !== undefined && !configurations[machine]) {
    throw new AvocadoError('SDK_RUN_MACHINE_UNKNOWN', `${project} is not for the machine target ${machine}`, {
      hint: `It is for ${Object.keys(configurations).sort().join(', ')}.`,
    });
  }
  const { inSdk, ...rest } = { ...options, ...(machine !== undefined && configurations[machine]) };
  return { machine: rest.machine, ...inSdk };
}

/** The workspace's own Nx. What it says goes to standard error: standard output is the command's. */
async function runNx(root: string, args: string[]): Promise<void> {
  const manifest = createRequire(join(root, 'package.json')).resolve('nx/package.json');
  const { bin } = JSON.parse(readFileSync(manifest, 'utf8')) as { bin: { nx: string } };
  const child = spawn(process.execPath, [join(dirname(manifest), bin.nx), ...args], {
    ...{ cwd: root, stdio: ['ignore', process.stderr, process.stderr] },
    env: { ...process.env, NX_TUI: 'false' },
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code === 0) return;
  throw new AvocadoError('SDK_RUN_INSTALL_FAILED', `nx ${args.join(' ')} failed`, {
    hint: 'What it says stands above.',
  });
}
