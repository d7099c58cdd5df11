import { cacheVariables, ciTargets, hostPackages } from './settings';
import type { CiSettings } from './settings';
import { block, shardScript } from './shard';

/** A workflow of GitHub Actions, formatted as prettier does. */
export function githubWorkflow(settings: CiSettings): string {
  const { nx } = settings.packageManager;
  const numbers = Array.from({ length: settings.shards }, (_, number) => number);
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

env:
  NX_DAEMON: "false"
  NX_ISOLATE_PLUGINS: "false"
  TARGETS: ${ciTargets}

jobs:
  sync:
    name: Locks are up to date
    runs-on: ubuntu-24.04
    timeout-minutes: 10
    steps:
      ${setUp(settings)}
      - run: ${nx} sync:check

  build:
    name: Build and boot (\${{ matrix.shard }})
    runs-on: ubuntu-24.04
    timeout-minutes: 90
    strategy:
      fail-fast: false
      matrix:
        shard: [${numbers.join(', ')}]
${settings.remoteCache ? remoteCache : ''}    steps:
      ${setUp(settings)}
      - uses: nrwl/nx-set-shas@v5
        with:
          main-branch-name: ${settings.defaultBranch}
      - name: Programs that the SDK's sandbox needs
        run: |
          sudo apt-get update
          sudo apt-get install --yes --no-install-recommends ${hostPackages.join(' ')}
          sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0
          grep -q "^$USER:" /etc/subuid || sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 "$USER"
          # QEMU uses KVM where it really works, else it emulates.
          if [ -e /dev/kvm ]; then sudo chmod 0666 /dev/kvm; fi
      - name: Packages of the SDK that earlier runs fetched
        id: store
        uses: actions/cache/restore@v5
        with:
          path: ~/.cache/nx-avocado/debs
          key: ${storeKey}
          restore-keys: ${storeKey}-
      - name: Build and boot
        shell: bash
        run: |
          ${block(shardScript(nx, '${{ matrix.shard }}', '${{ strategy.job-total }}'), 10)}
      - name: What the store holds now
        id: held
        if: \${{ !cancelled() }}
        shell: bash
        run: |
          mkdir -p ~/.cache/nx-avocado/debs
          echo "digest=$(ls ~/.cache/nx-avocado/debs | sha256sum | cut -c1-16)" >> "$GITHUB_OUTPUT"
      - name: Keep it for later runs
        if: \${{ !cancelled() && !endsWith(steps.store.outputs.cache-matched-key, steps.held.outputs.digest) }}
        uses: actions/cache/save@v5
        with:
          path: ~/.cache/nx-avocado/debs
          key: ${storeKey}-\${{ steps.held.outputs.digest }}
`;
}

/** Packages are fetched by sha256, so a store of other locks would do no harm; it would only grow. */
const storeKey = "avocado-store-${{ hashFiles('**/avocado.lock') }}";

function setUp({ packageManager: { name, prepare, install } }: CiSettings): string {
  return block(
    [
      '- uses: actions/checkout@v6',
      '  with:',
      '    # Nx compares with an older commit.',
      '    fetch-depth: 0',
      '    persist-credentials: false',
      ...(prepare === undefined ? [] : [`- run: ${prepare}`]),
      '- uses: actions/setup-node@v6',
      '  with:',
      '    node-version: 22',
      ...(name === 'bun' ? [] : [`    cache: ${name}`]),
      `- run: ${install}`,
    ],
    6,
  );
}

/** A pull request from a fork gets no secret at all, and so no remote cache. */
const remoteCache =
  block(
    [
      "    # CVE-2025-36852: whoever may write the remote cache can put code into main. The repository's own token only reads;",
      `# a push to the default branch gets the one of the environment ${cacheVariables.writeEnvironment}, which is open to no other branch.`,
      `environment: \${{ github.event_name == 'push' && '${cacheVariables.writeEnvironment}' || '' }}`,
      'env:',
      `  NX_SELF_HOSTED_REMOTE_CACHE_SERVER: \${{ secrets.${cacheVariables.token} && vars.${cacheVariables.server} || '' }}`,
      `  NX_SELF_HOSTED_REMOTE_CACHE_ACCESS_TOKEN: \${{ secrets.${cacheVariables.token} }}`,
      '',
    ],
    4,
  ).trimEnd() + '\n';
