import { posix } from 'node:path';
import { compareWithBase, githubEnv, onAgent, remoteCache, setUp } from './github-steps';
import { cacheVariables, ciTargets, shardFile, stagesFor } from './settings';
import type { CiSettings } from './settings';
import { block, shardScript } from './shard';

/** Workflows of GitHub Actions, formatted as prettier does, by their path. With several agents, each runs the second. */
export function githubWorkflows(settings: CiSettings, file: string): Record<string, string> {
  const several = settings.shards > 1;
  const jobs = several ? planned(settings, shardFile(file)) : single(settings);
  return {
    [file]: `${head(settings)}${jobs}`,
    ...(several && { [shardFile(file)]: shardWorkflow(settings) }),
  };
}

function head(settings: CiSettings): string {
  return `name: CI

on:
  push:
    branches: [${settings.defaultBranch}]
  pull_request:

permissions:
  actions: read
  contents: read

# A newer push to a pull request ends the run of the older one; runs of the default branch are never cut off.
concurrency:
  group: \${{ github.workflow }}-\${{ github.ref }}
  cancel-in-progress: \${{ github.event_name == 'pull_request' }}

${githubEnv}  TARGETS: ${ciTargets}

jobs:
  sync:
    name: Locks are up to date
    runs-on: ubuntu-24.04
    timeout-minutes: 10
    steps:
      ${setUp(settings)}
      - run: ${settings.packageManager.exec} nx sync:check
`;
}

function single(settings: CiSettings): string {
  const build = `- name: Build and boot
        run: ${settings.packageManager.exec} nx affected --targets="$TARGETS"`;
  return `
  build:
    name: Build and boot
    runs-on: ubuntu-24.04
    timeout-minutes: 90
${settings.remoteCache ? remoteCache : ''}    steps:
      ${setUp(settings)}
      ${compareWithBase(settings)}
      ${onAgent(build)}`;
}

/** A job that plans, and one for each stage that a plan may have. */
function planned(settings: CiSettings, shards: string): string {
  const stages = stagesFor(settings);
  const isolated = settings.remoteCache
    ? `
        env:
          # A pull request only reads the remote cache, so that its agents hand nothing on.
          ISOLATED: \${{ github.event_name == 'pull_request' && '--isolated' || '' }}`
    : '';
  const flag = settings.remoteCache ? '$ISOLATED' : '--isolated';
  const command = `${settings.packageManager.exec} nx-avocado plan --targets="$TARGETS" --shards=${settings.shards} --stages=${stages} ${flag}`;
  return `
  plan:
    name: What runs where
    runs-on: ubuntu-24.04
    timeout-minutes: 10
    outputs:
      plan: \${{ steps.plan.outputs.plan }}
    steps:
      ${setUp(settings)}
      ${compareWithBase(settings)}
      - name: Plan
        id: plan${isolated}
        shell: bash
        run: |
          plan=$(${command})
          echo "plan=$plan" >> "$GITHUB_OUTPUT"
${Array.from({ length: stages }, (_, index) => stageJob(settings, shards, index)).join('')}`;
}

function stageJob({ remoteCache: cached }: CiSettings, shards: string, index: number): string {
  const stage = `fromJSON(needs.plan.outputs.plan).stages[${index}]`;
  const secret = cached
    ? `    secrets:
      ${cacheVariables.token}: \${{ secrets.${cacheVariables.token} }}
`
    : '';
  return `
  stage-${index + 1}:
    name: Stage ${index + 1} (\${{ matrix.shard.name }})
    needs: ${index === 0 ? 'plan' : `[plan, stage-${index}]`}
    if: ${stage} != null
    strategy:
      fail-fast: false
      matrix: \${{ ${stage} }}
    uses: ./${posix.normalize(shards)}
    with:
      runs: \${{ matrix.shard.runs }}
${secret}`;
}

function shardWorkflow(settings: CiSettings): string {
  const build = `- name: Build and boot
        shell: bash
        env:
          RUNS: \${{ inputs.runs }}
        run: |
          ${block(shardScript(`${settings.packageManager.exec} nx`), 10)}`;
  const secret = `    secrets:
      ${cacheVariables.token}:
        required: false
`;
  return `name: Shard

on:
  workflow_call:
    inputs:
      runs:
        description: What this agent runs, by nx-avocado plan
        type: string
        required: true
${settings.remoteCache ? secret : ''}
permissions:
  contents: read

${githubEnv}
jobs:
  build:
    name: Build and boot
    runs-on: ubuntu-24.04
    timeout-minutes: 90
${settings.remoteCache ? remoteCache : ''}    steps:
      ${setUp(settings, false)}
      ${onAgent(build)}`;
}
