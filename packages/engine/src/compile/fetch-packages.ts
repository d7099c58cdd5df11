import { AvocadoError } from '../error';
import type { Reporter } from '../report';
import { fetchArguments } from '../rust';
import type { Mount, SdkCommand, SdkRunner } from '../sdk';
import type { CargoHome } from './cargo-home';

interface Fetch {
  /** What every command of this build has. */
  base: Omit<SdkCommand, 'argv' | 'label' | 'mounts' | 'network'>;
  home: CargoHome;
  /** For fetching, before those of the home. */
  mounts: Mount[];
  /** Those that the build itself will have. */
  buildMounts: Mount[];
  manifest: string;
  triple: string;
  /** For messages. */
  name: string;
}

/**
 * Sees to it that the packages of Cargo.lock are there. First without network and as the build itself runs, which in docker
 * is the build's own container: one with network is started only where something is missing.
 * @returns names of the directories that hold them, sorted
 */
export async function fetchPackages(fetch: Fetch, runner: SdkRunner, reporter: Reporter): Promise<string[]> {
  const { base, home, mounts, buildMounts, manifest, triple, name } = fetch;
  const argv = fetchArguments(manifest, triple);
  const offline = { ...base, mounts: buildMounts };
  const isThere = await runner
    .run({ ...offline, argv: [...argv, '--offline'], label: `look for the packages of ${name}` }, reporter)
    .then(() => true, isMissing);
  if (!isThere) {
    const step = reporter.step(`Fetching the packages of ${name}`);
    try {
      const env = { ...base.env, ...home.variables };
      const online = { ...base, env, mounts: [...mounts, ...home.fetch], network: true };
      await runner.run({ ...online, argv, label: `cargo fetch of ${name}` }, reporter);
    } finally {
      step.done();
    }
  }
  const { stdout } = await runner.run({ ...offline, argv: home.list, label: `registries of ${name}` }, reporter);
  return stdout.split('\n').filter(Boolean).sort();
}

function isMissing(error: unknown): false {
  if (error instanceof AvocadoError && error.code === 'COMMAND_FAILED') return false;
  throw error;
}
