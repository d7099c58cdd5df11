/** What a workflow is written from; all of it goes into the file as it is. */
export interface CiSettings {
  /** Most agents at once, 1 or more. */
  shards: number;
  remoteCache: boolean;
  /** The branch whose state pull requests are compared with. */
  defaultBranch: string;
  packageManager: {
    name: 'npm' | 'pnpm' | 'yarn' | 'bun';
    /** Makes the package manager itself available: `corepack enable`; npm needs nothing. */
    prepare?: string;
    /** Installs what the lock file says: `npm ci`. */
    install: string;
    /** Starts a program of the workspace's own: `npx`. */
    exec: string;
  };
}

/** Names that the CI service's settings must have, where a remote cache is used (docs/ci.md). */
export const cacheVariables = {
  server: 'NX_CACHE_SERVER',
  token: 'NX_CACHE_TOKEN',
  readToken: 'NX_CACHE_READ_TOKEN',
  writeToken: 'NX_CACHE_WRITE_TOKEN',
  /** GitHub: the environment, open to the default branch alone, whose token may write. */
  writeEnvironment: 'nx-cache-write',
} as const;

/** What must be on an agent; everything else is in the SDK. */
export const hostPackages = ['bubblewrap', 'mmdebstrap', 'uidmap', 'debian-archive-keyring'];

/** What a workflow runs of each affected project that has it; whoever has `lint` or `test` adds them in the file. */
export const ciTargets = 'build,boot-test';

/** Without a remote cache that agents write, each makes all that its part needs: one stage. */
export function stagesFor({ remoteCache }: CiSettings): number {
  return remoteCache ? 3 : 1;
}

/** The file with what one of several agents does, beside `file`: `ci-shard.yml` for `ci.yml`. */
export function shardFile(file: string): string {
  return file.replace(/\.ya?ml$/, '-shard$&');
}
