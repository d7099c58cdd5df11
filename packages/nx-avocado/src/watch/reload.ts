import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ProjectConfiguration, TaskGraph } from '@nx/devkit';
import { AvocadoError } from '@nx-avocado/engine/error';
import { withTemporaryDirectory } from '@nx-avocado/engine/store';
import type { StepContext } from '../executors/step/make';
import { nxProgram } from '../graph/nx-program';

interface NxGraph {
  graph: { nodes: Record<string, { data: ProjectConfiguration }> };
  tasks: TaskGraph;
}

/**
 * Runs a task by Nx, with all that it depends on, and reads the graph that it has now.
 * @throws AvocadoError `WATCH_NX_FAILED`
 */
export async function runAndReload(root: string, task: string, signal: AbortSignal): Promise<StepContext> {
  await runNx(root, ['run', task, '--outputStyle=static'], signal);
  return withTemporaryDirectory(tmpdir(), async (directory) => {
    const file = join(directory, 'graph.json');
    await runNx(root, ['run', task, `--graph=${file}`], signal);
    const { graph, tasks } = JSON.parse(await readFile(file, 'utf8')) as NxGraph;
    const projects = Object.fromEntries(Object.entries(graph.nodes).map(([name, { data }]) => [name, data]));
    return { root, taskGraph: tasks, projectsConfigurations: { version: 2, projects } };
  });
}

function runNx(root: string, args: string[], signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const options = { cwd: root, signal, maxBuffer: 64 * 1024 * 1024, env: environment() };
    execFile(process.execPath, [nxProgram(root), ...args], options, (error, stdout, stderr) => {
      if (error === null) return resolve();
      const output = `${stdout}${stderr}`.trim();
      reject(new AvocadoError('WATCH_NX_FAILED', `nx ${args.slice(0, 2).join(' ')} failed`, { output, cause: error }));
    });
  });
}

/** As the user's shell has it: what Nx tells a task, such as where to send its messages, is for that task alone. */
function environment(): NodeJS.ProcessEnv {
  const ours = ['FORCE_COLOR', 'NX_DAEMON', 'NX_ISOLATE_PLUGINS', 'NX_PARALLEL', 'NX_VERBOSE_LOGGING'];
  return Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !name.startsWith('NX_') || ours.includes(name) || /CACHE/.test(name),
    ),
  );
}
