import { readFile, writeFile } from 'node:fs/promises';
import { dirname, isAbsolute, join } from 'node:path';
import { AvocadoError } from '../../error';
import type { Reporter } from '../../report';
import type { Mount, SdkImages, SdkRoot, SdkRunner } from '../../sdk/types';
import { feedError } from './errors';
import { programs, workDirectory } from './layout';
import { loginFile, ownAuthority } from './steps';
import type { MovingImages } from './moved-image';
import type { Connection } from './source';
import type { Step } from './steps';

/** What the feed needs of the task that uses it. */
export interface FeedContext {
  reporter: Reporter;
  signal?: AbortSignal | undefined;
  runner: SdkRunner;
  images: SdkImages & MovingImages;
}

export interface StepRun {
  label: string;
  image: SdkRoot;
  /** On the host; the steps' files go there. */
  work: string;
  steps: Step[];
  mounts: Mount[];
  network: boolean;
}

/** Runs steps in the SDK image: one container for all of them. @throws AvocadoError see errors.ts */
export async function runSteps(run: StepRun, { runner, reporter, signal }: FeedContext): Promise<void> {
  await writeFile(join(run.work, 'steps.json'), JSON.stringify(run.steps), { mode: 0o600 });
  const command = {
    root: run.image,
    argv: ['python3', '-I', `${programs.target}/steps.py`, `${workDirectory}/steps.json`],
    mounts: [
      ...run.mounts,
      { source: run.work, target: workDirectory, writable: true },
      { source: programs.source, target: programs.target },
    ],
    network: run.network,
    label: run.label,
    ...(signal && { signal }),
  };
  await runner.run(command, reporter).catch(async (error: unknown) => Promise.reject(await feedError(error)));
}

/** Puts what opens the feed where the steps look for it. @param base directory of the avocado.yaml */
export async function placeKeys({ ca, login }: Connection, base: string, work: string): Promise<void> {
  if (login) await writeFile(join(work, loginFile), JSON.stringify(login), { mode: 0o600 });
  if (ca === undefined) return;
  const path = isAbsolute(ca) ? ca : join(base, ca);
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new AvocadoError('FEED_CA_UNREADABLE', `cannot read the feed's authority: ${path}`, {
      hint: 'distro.repo.ca and AVOCADO_REPO_CA name a PEM file; relative paths count from the avocado.yaml.',
      cause,
    });
  });
  await writeFile(join(work, ownAuthority.slice(dirname(ownAuthority).length + 1)), text);
}
