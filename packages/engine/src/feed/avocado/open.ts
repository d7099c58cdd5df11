import { join } from 'node:path';
import { AvocadoError } from '../../error';
import type { SdkRoot } from '../../sdk/types';
import { storePath } from '../../store';
import { makeOnce } from '../root';
import type { RootSpec, RpmRoot } from '../types';
import { fetchRpms } from './fetch';
import type { WantedRpms } from './fetch';
import { installRpmRoot, readEnvironment } from './install';
import { feedPaths } from './layout';
import { tellMoved } from './moved-image';
import type { FeedAddress } from './prepare';
import type { FeedContext } from './run';

/** Where a root's packages are had from, when it must be made again. */
export function addressOf(rpm: RpmRoot, configFile: string): FeedAddress {
  const { machine, build, source, snapshot, image } = rpm;
  return { machine, build, source, snapshot, image, configFile };
}

export function wantedOf(spec: RootSpec, rpm: RpmRoot): WantedRpms {
  return { [rpm.side]: spec.packages };
}

export interface OpenRpmContext extends FeedContext {
  /** Absolute. */
  workspaceRoot: string;
}

/**
 * A root of RPMs on this machine, by its digest; made first where it is missing, by one process at a time. Commands in an
 * SDK root run in the SDK image, which shows the packages at the prefix, in the environment of environment-setup.
 * @param label for messages: `toolchain`
 */
export async function openRpmRoot(spec: RootSpec, context: OpenRpmContext, label?: string): Promise<SdkRoot> {
  const { rpm, digest } = spec;
  if (!rpm) throw new AvocadoError('FEED_UNSUPPORTED', 'this root is not of the avocado feed');
  const path = storePath('roots', digest);
  await makeOnce(spec, path, context, async (temporary) => {
    await fetchRpms(addressOf(rpm, join(context.workspaceRoot, rpm.configFile)), wantedOf(spec, rpm), context);
    const name = label ?? rpm.side;
    const step = context.reporter.step(`install the ${name} root (${spec.packages.length} packages)`);
    await installRpmRoot(spec, rpm, temporary, name, context);
    step.done();
  });
  if (rpm.kind === 'tree') return { digest, path };
  const paths = feedPaths(rpm.machine, rpm.build);
  const image = await context.images.open(rpm.image);
  // Nobody waits for the answer.
  void tellMoved({ name: rpm.source.image, pinned: rpm.image }, context.images, context.reporter);
  const below = (target: string): string => join(path, target.slice(paths.prefix.length + 1));
  return {
    ...image,
    digest,
    mounts: [paths.sdk, paths.target].map((target) => ({ source: below(target), target })),
    env: await readEnvironment(path, paths),
  };
}
