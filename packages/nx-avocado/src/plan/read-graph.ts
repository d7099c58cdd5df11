import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { withTemporaryDirectory } from '@nx-avocado/engine/store';
import { tmpdir } from 'node:os';
import { runNx } from '../graph/nx-program';
import type { NxGraph } from './tasks';

export interface Selection {
  targets: string[];
  /** Not only what is affected. */
  all: boolean;
  /** What the change is between; without them, what Nx takes: NX_BASE and NX_HEAD, or the default branch. */
  base?: string;
  head?: string;
}

/**
 * Nx's own task graph of `nx affected -t <targets>`, and which of its tasks the change itself reaches: the others are there
 * because those need them.
 * @returns `affected` is absent where all is asked for
 * @throws AvocadoError `PLAN_GRAPH_FAILED`
 */
export function readGraph(root: string, selection: Selection): Promise<{ graph: NxGraph; affected?: Set<string> }> {
  return withTemporaryDirectory(tmpdir(), async (directory) => {
    const ask = async (command: string[], targets: string[], name: string): Promise<NxGraph> => {
      const file = join(directory, name);
      const failure = { code: 'PLAN_GRAPH_FAILED', message: `nx ${command[0]} gave no task graph` };
      await runNx(root, [...command, `--targets=${targets.join()}`, `--graph=${file}`], failure);
      return JSON.parse(await readFile(file, 'utf8')) as NxGraph;
    };
    if (selection.all) return { graph: await ask(['run-many'], selection.targets, 'all.json') };
    const range = (['base', 'head'] as const).flatMap((name) =>
      selection[name] === undefined ? [] : [`--${name}=${selection[name]}`],
    );
    const graph = await ask(['affected', ...range], selection.targets, 'graph.json');
    const targets = new Set(Object.values(graph.tasks.tasks).map(({ target }) => target.target));
    if (targets.size === 0) return { graph };
    const alone = ['affected', ...range, '--excludeTaskDependencies'];
    const reached = await ask(alone, [...targets].sort(), 'affected.json');
    return { graph, affected: new Set(Object.keys(reached.tasks.tasks)) };
  });
}
