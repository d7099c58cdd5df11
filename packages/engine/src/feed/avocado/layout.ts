import { join } from 'node:path';
import { sdkPaths } from '../../sdk';
import { feedDirectory } from '../data';

/** Our programs for the SDK image, on the host and where the image shows them. */
export const programs = { source: join(feedDirectory, '..', 'avocado'), target: '/opt/nx-avocado' };

/** A run's own directory inside the image: plan, packages, results. */
export const workDirectory = '/mnt/nx-avocado';

/** The root that is being made, inside the image. */
export const newRoot = '/mnt/root';

/** Where the feed's things are inside the SDK (contract 2.2). */
export interface FeedPaths {
  machine: string;
  /** `uname -m` of the build machine. */
  architecture: string;
  prefix: string;
  /** AVOCADO_SDK_PREFIX: packages for the build machine. */
  sdk: string;
  /** Repositories and RPM architectures for the target. */
  target: string;
}

export function feedPaths(machine: string, build: 'amd64' | 'arm64'): FeedPaths {
  const { prefix, sdk } = sdkPaths(machine, build);
  return {
    machine,
    architecture: sdk.slice(sdk.lastIndexOf('/') + 1),
    prefix,
    sdk,
    target: `${prefix}/sdk/target-repoconf`,
  };
}
