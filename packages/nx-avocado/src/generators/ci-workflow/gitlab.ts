import { cacheVariables, ciTargets, hostPackages, shardFile, stagesFor } from './settings';
import type { CiSettings } from './settings';
import { block, shardScript } from './shard';

/** Pipelines of GitLab, formatted as prettier does, by their path. With several agents, the second has what each does. */
export function gitlabPipelines(settings: CiSettings, file: string): Record<string, string> {
  const several = settings.shards > 1;
  const jobs = several ? planned(settings, shardFile(file)) : single(settings);
  return {
    [file]: `${head(settings)}${jobs}`,
    ...(several && { [shardFile(file)]: shardPipeline(settings) }),
  };
}

const defaults = `default:
  image: node:22-bookworm
  interruptible: true
`;

const environment = `  NX_DAEMON: "false"
  NX_ISOLATE_PLUGINS: "false"
  NX_AVOCADO_STORE: $CI_PROJECT_DIR/.nx/cache/avocado-store
`;

function head(settings: CiSettings): string {
  return `workflow:
  rules:
    - if: $CI_PIPELINE_SOURCE == "merge_request_event"
    - if: $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH
      # Pipelines of the default branch are never cut off: the next one compares with this one's commit.
      auto_cancel:
        on_new_commit: none

${defaults}
variables:
  # Nx compares with an older commit.
  GIT_DEPTH: "0"
${environment}  TARGETS: ${ciTargets}

sync:
  stage: test
  timeout: 10m
  before_script:
    ${setUp(settings)}
  script:
    - ${settings.packageManager.exec} nx sync:check
`;
}

function setUp({ packageManager: { prepare, install } }: CiSettings): string {
  const commands = [...(prepare === undefined ? [] : [prepare]), install];
  return block(
    commands.map((command) => `- ${command}`),
    4,
  );
}

function single(settings: CiSettings): string {
  return `
# The sandbox needs a runner with "privileged = true", as GitLab's own have it.
build:
  stage: test
${onAgent(settings)}    - |
      ${block(base, 6)}
    - ${settings.packageManager.exec} nx affected --targets="$TARGETS"
`;
}

/** What a job has around its commands; `script` is open at its end. */
function onAgent(settings: CiSettings): string {
  return `  timeout: 90m
  cache:
    key:
      prefix: avocado-store
      files:
        - avocado.lock
        - "**/avocado.lock"
    paths:
      - .nx/cache/avocado-store/debs
    when: always
  before_script:
    - apt-get update
    - apt-get install --yes --no-install-recommends ${hostPackages.join(' ')}
    ${setUp(settings)}
  script:
${settings.remoteCache ? `    - |\n      ${block(remoteCache, 6)}\n` : ''}`;
}

/** The plan is a pipeline of its own, with as many jobs as there is work for. */
function planned(settings: CiSettings, shards: string): string {
  const { exec } = settings.packageManager;
  const flags = `--shards=${settings.shards} --stages=${stagesFor(settings)} --format=gitlab`;
  const command = (flag: string): string =>
    `${exec} nx-avocado plan --targets="$TARGETS" ${flags} ${flag} > shards.yml`;
  const script = settings.remoteCache
    ? [
        '# A merge request only reads the remote cache, so that its agents hand nothing on.',
        'isolated=--isolated',
        'if [ "${CI_COMMIT_BRANCH:-}" = "$CI_DEFAULT_BRANCH" ]; then isolated=; fi',
        command('$isolated'),
      ]
    : [command('--isolated')];
  return `
plan:
  stage: build
  timeout: 10m
  before_script:
    ${setUp(settings)}
  script:
    - |
      ${block(base, 6)}
    - |
      ${block(script, 6)}
  artifacts:
    paths:
      - shards.yml

shards:
  stage: test
  needs:
    - plan
  trigger:
    include:
      - artifact: shards.yml
        job: plan
      - local: ${shards}
    strategy: depend
`;
}

function shardPipeline(settings: CiSettings): string {
  return `# Joined to the jobs that nx-avocado plan writes: what each of them does.
workflow:
  rules:
    - if: $CI_PIPELINE_SOURCE == "parent_pipeline"

${defaults}
variables:
${environment}
# The sandbox needs a runner with "privileged = true", as GitLab's own have it.
.shard:
${onAgent(settings)}    - |
      ${block(shardScript(`${settings.packageManager.exec} nx`), 6)}
`;
}

const base = [
  'export NX_HEAD="$CI_COMMIT_SHA"',
  'export NX_BASE="${CI_MERGE_REQUEST_DIFF_BASE_SHA:-$CI_COMMIT_BEFORE_SHA}"',
  '# The first pipeline of a branch has no commit before it: the empty tree, so that everything counts.',
  'if ! git cat-file -e "$NX_BASE" 2>/dev/null; then',
  '  NX_BASE=$(git hash-object -t tree /dev/null)',
  'fi',
];

/** A merge request from a fork gets no variable at all, and so no remote cache. */
const remoteCache = [
  '# CVE-2025-36852: whoever may write the remote cache can put code into the default branch. The writing token is a',
  '# protected variable, so no merge request sees it.',
  `token="$${cacheVariables.readToken}"`,
  `if [ "\${CI_COMMIT_BRANCH:-}" = "$CI_DEFAULT_BRANCH" ]; then token="$${cacheVariables.writeToken}"; fi`,
  'if [ -n "$token" ]; then',
  `  export NX_SELF_HOSTED_REMOTE_CACHE_SERVER="$${cacheVariables.server}"`,
  '  export NX_SELF_HOSTED_REMOTE_CACHE_ACCESS_TOKEN="$token"',
  'fi',
];
