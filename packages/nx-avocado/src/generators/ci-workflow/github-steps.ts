import { block } from './shard';
import { cacheVariables, hostPackages } from './settings';
import type { CiSettings } from './settings';

/** What all workflows set. */
export const githubEnv = `env:
  NX_DAEMON: "false"
  NX_ISOLATE_PLUGINS: "false"
`;

/** @param history where Nx compares with an older commit */
export function setUp({ packageManager: { name, prepare, install } }: CiSettings, history = true): string {
  return block(
    [
      '- uses: actions/checkout@v6',
      '  with:',
      ...(history ? ['    # Nx compares with an older commit.', '    fetch-depth: 0'] : []),
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

export function compareWithBase({ defaultBranch }: CiSettings): string {
  return `- uses: nrwl/nx-set-shas@v5
        with:
          main-branch-name: ${defaultBranch}`;
}

/** Packages are fetched by sha256, so a store of other locks would do no harm; it would only grow. */
const storeKey = "avocado-store-${{ hashFiles('**/avocado.lock') }}";

/** `build`, a step, between what it needs on the machine and what is kept for later runs. */
export function onAgent(build: string): string {
  return `- name: Programs that the SDK's sandbox needs
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
      ${build}
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

/** Of a job. A pull request from a fork gets no secret at all, and so no remote cache. */
export const remoteCache =
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
