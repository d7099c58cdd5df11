import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import { githubPlan, gitlabPlan } from '../plan/ci-format';
import { planOf } from '../plan/plan';
import type { Plan } from '../plan/plan';
import { readGraph } from '../plan/read-graph';
import { ciTargets } from '../generators/ci-workflow/settings';
import { workspaceRoot } from './workspace';

const formats = { github: githubPlan, gitlab: gitlabPlan };

interface PlanFlags {
  targets: string[];
  all: boolean;
  base?: string;
  head?: string;
  shards: number;
  stages: number;
  isolated: boolean;
  format: keyof typeof formats;
}

/** `nx-avocado plan`: deals out what is affected to the agents of a CI matrix. */
export function plan(program: Command): void {
  program
    .command('plan')
    .description('Deal out what a change affects to the agents of a CI matrix')
    .option('-t, --targets <names>', 'what to run, with commas', (text) => text.split(','), ciTargets.split(','))
    .option('--base <commit>', 'what the change is compared with; as for nx affected')
    .option('--head <commit>', 'the change; as for nx affected')
    .option('--all', 'everything, not only what is affected', false)
    .option('--shards <number>', 'most agents at once', number, 4)
    .option('--stages <number>', 'most stages: agents of one start when all of the one before are done', number, 3)
    .option('--isolated', 'agents hand nothing on: they share no remote cache, or only read it', false)
    .addOption(new Option('--format <service>', 'for whom').choices(Object.keys(formats)).default('github'))
    .action(async (flags: PlanFlags) => {
      const { graph, affected } = await readGraph(workspaceRoot(), flags);
      const planned = planOf(graph, flags, affected);
      process.stderr.write(summary(planned));
      process.stdout.write(formats[flags.format](planned));
    });
}

function number(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1) return value;
  throw new InvalidArgumentError('It must be a number from 1 on.');
}

/** For the log of the job that plans. */
function summary(planned: Plan): string {
  if (planned.length === 0) return 'Nothing is affected.\n';
  const lines = planned.flatMap((shards, stage) =>
    shards.map(({ tasks, runs }, shard) => {
      const names = runs.map(({ targets, projects }) => `${targets.join()} of ${projects.join()}`);
      return `stage ${stage + 1}, shard ${shard + 1}: ${tasks.length} tasks: ${names.join('; ')}\n`;
    }),
  );
  return lines.join('');
}
