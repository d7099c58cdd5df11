import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ProjectConfiguration, TaskGraph } from '@nx/devkit';
import { withTemporaryDirectory } from '@nx-avocado/engine/store';
import type { StepContext } from '../executors/step/make';
import { runNx } from '../graph/nx-program';

interface NxGraph {
  graph: { nodes: Record<string, { data: ProjectConfiguration }> };
  tasks: TaskGraph;
}

/**
 * Runs a task by Nx, with all that it depends on, and reads the graph that it has now.
 * @throws AvocadoError `WATCH_NX_FAILED`
 */
export async function runAndReload(root: string, task: string, signal: AbortSignal): Promise<StepContext> {
  const failure = { code: 'WATCH_NX_FAILED', message: `nx run ${task} failed` };
  await runNx(root, ['run', task, '--outputStyle=static'], failure, { signal });
  return withTemporaryDirectory(tmpdir(), async (directory) => {
    const file = join(directory, 'graph.json');
    await runNx(root, ['run', task, `--graph=${file}`], failure, { signal });
    const { graph, tasks } = JSON.parse(await readFile(file, 'utf8')) as NxGraph;
    const projects = Object.fromEntries(Object.entries(graph.nodes).map(([name, { data }]) => [name, data]));
    return { root, taskGraph: tasks, projectsConfigurations: { version: 2, projects } };
  });
}
