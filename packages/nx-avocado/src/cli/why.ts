import { createProjectGraphAsync } from '@nx/devkit';
import type { Command } from 'commander';
import { chainOf } from '../why/chain';
import type { Projects } from '../why/chain';
import { explain } from '../why/explain';
import { cachedTasks } from '../why/nx-cache';
import { render } from '../why/render';
import { workspaceRoot } from './workspace';

/** `nx-avocado why`: which input of a task, or of one before it, changed since the output in place was made. */
export function why(program: Command): void {
  program
    .command('why')
    .description('Why a task runs again: what changed since its output was made, for it and all it follows')
    .argument('<task>', '<project>[:<task>[:<machine>]]; without a task, the last one up to a disk')
    .option('--json', 'all of it, as JSON')
    .action(async (name: string, { json = false }: { json?: boolean }) => {
      const root = workspaceRoot();
      const graph = await createProjectGraphAsync({ exitOnError: false });
      const projects: Projects = Object.fromEntries(
        Object.entries(graph.nodes).map(([project, { data }]) => [project, data]),
      );
      const chain = chainOf(name, projects);
      const answers = await explain(chain, projects, root);
      const { project, target, id } = chain.at(-1)!;
      const configuration = id.slice(`${project}:${target}:`.length) || undefined;
      const cached = await cachedTasks({ project, target, ...(configuration && { configuration }) }, graph);
      for (const answer of answers) if (cached && answer.follows.length === 0) answer.cached = cached.has(answer.task);
      process.stdout.write(json ? `${JSON.stringify(answers, undefined, 2)}\n` : `${render(answers).join('\n')}\n`);
    });
}
