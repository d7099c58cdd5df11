import { cacheVariables, ciTargets, hostPackages } from './settings';
import type { CiSettings } from './settings';
import { block, shardScript } from './shard';

/** A pipeline of GitLab, formatted as prettier does. */
export function gitlabPipeline(settings: CiSettings): string {
  const { install, nx, prepare } = settings.packageManager;
  const setUp = [...(prepare === undefined ? [] : [prepare]), install].map((command) => `- ${command}`);
  return `workflow:
  rules:
    - if: $CI_PIPELINE_SOURCE == "merge_request_event"
    - if: $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH
      # Pipelines of the default branch are never cut off: the next one compares with this one's commit.
      auto_cancel:
        on_new_commit: none

default:
  image: node:22-bookworm
  interruptible: true

variables:
  # Nx compares with an older commit.
  GIT_DEPTH: "0"
  NX_DAEMON: "false"
  NX_ISOLATE_PLUGINS: "false"
  NX_AVOCADO_STORE: $CI_PROJECT_DIR/.nx/cache/avocado-store
  TARGETS: ${ciTargets}

sync:
  stage: test
  timeout: 10m
  before_script:
    ${block(setUp, 4)}
  script:
    - ${nx} sync:check

# The sandbox needs a runner with "privileged = true", as GitLab's own have it.
build:
  stage: test
  timeout: 90m
${settings.shards > 1 ? `  parallel: ${settings.shards}\n` : ''}  cache:
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
    ${block(setUp, 4)}
  script:
${settings.remoteCache ? `    - |\n      ${block(remoteCache, 6)}\n` : ''}    - |
      ${block(base, 6)}
    - |
      ${block(shardScript(nx, '$((${CI_NODE_INDEX:-1} - 1))', '${CI_NODE_TOTAL:-1}'), 6)}
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
