import type { Run } from './runs';
import type { Plan, Shard } from './plan';

/** One line for each command: the targets, a blank, the projects; both with commas, as `nx run-many` takes them. */
export function runLines(runs: Run[]): string {
  return runs.map(({ targets, projects }) => `${targets.join()} ${projects.join()}`).join('\n');
}

/**
 * GitHub Actions: `{"stages":[{"shard":[{"name":"1 of 2","runs":"build app"}, …]}, …]}` on one line. Each stage is a job's
 * `matrix`; a stage that there is nothing to do in is absent, so that the job's `if` is false.
 */
export function githubPlan(plan: Plan): string {
  return `${JSON.stringify({ stages: plan.map((shards) => ({ shard: shards.map(matrixEntry) })) })}\n`;
}

function matrixEntry({ runs }: Shard, index: number, all: Shard[]): { name: string; runs: string } {
  return { name: `${index + 1} of ${all.length}`, runs: runLines(runs) };
}

/**
 * GitLab: a child pipeline with a job for each shard, which extends `.shard` of another file (`ci-workflow` writes it) by
 * the variable `RUNS`. A pipeline without a job is an error there, so an empty plan has one that says so. JSON is YAML.
 */
export function gitlabPlan(plan: Plan): string {
  if (plan.length === 0) return json({ nothing: { script: ['echo "Nothing is affected."'] } });
  const stage = (number: number): string => `stage-${number + 1}`;
  const jobs = plan.flatMap((shards, number) =>
    shards.map(({ runs }, index) => [
      `${stage(number)} ${index + 1}/${shards.length}`,
      { extends: '.shard', stage: stage(number), variables: { RUNS: runLines(runs) } },
    ]),
  );
  return json({ stages: plan.map((_shards, number) => stage(number)), ...Object.fromEntries(jobs) });
}

const json = (pipeline: object): string => `${JSON.stringify(pipeline, null, 2)}\n`;
