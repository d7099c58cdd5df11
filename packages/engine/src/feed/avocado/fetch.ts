import { mkdir, readFile, readdir, rename, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { AvocadoError } from '../../error';
import { markUsed, sha256File, storePath, use } from '../../store';
import { inParallel } from '../fetch';
import type { PackagePin } from '../types';
import type { Side } from './dnf';
import { dnfStep } from './dnf';
import { workDirectory } from './layout';
import { nevra } from './nevra';
import { metadataStep, withFeed } from './prepare';
import { metadataName } from './requests';
import type { FeedAddress } from './prepare';
import { runSteps } from './run';
import type { FeedContext } from './run';

/** Packages by the repositories that have them. */
export type WantedRpms = Partial<Record<Exclude<Side, 'bootstrap'>, PackagePin[]>>;

export function rpmPath(pin: Pick<PackagePin, 'sha256'>): string {
  return storePath('rpms', `${pin.sha256}.rpm`);
}

async function isIntact(pin: PackagePin): Promise<boolean> {
  const found = await stat(rpmPath(pin)).catch(() => undefined);
  return found?.size === pin.size && (await sha256File(rpmPath(pin))) === pin.sha256;
}

/**
 * Sees to it that the store holds every package, with the right bytes: one that is there is proved, not trusted. The rest is
 * fetched by dnf, in one container, and only where the feed's index still says what is pinned.
 * @throws AvocadoError `PIN_VANISHED`, `PACKAGE_CORRUPT`, `FEED_UNREACHABLE`, `FEED_UNTRUSTED`, `SNAPSHOT_VANISHED`
 */
export async function fetchRpms(address: FeedAddress, wanted: WantedRpms, context: FeedContext): Promise<void> {
  await use('rpms');
  const missing: WantedRpms = {};
  for (const [side, pins] of Object.entries(wanted) as [keyof WantedRpms, PackagePin[]][]) {
    const gone: PackagePin[] = [];
    await inParallel([...new Map(pins.map((pin) => [pin.sha256, pin])).values()], 4, async (pin) => {
      if (!(await isIntact(pin))) gone.push(pin);
      else markUsed('rpms', basename(rpmPath(pin)));
    });
    if (gone.length > 0) missing[side] = gone;
  }
  const all = Object.values(missing).flat();
  if (all.length === 0) return;
  const size = Math.ceil(all.reduce((sum, pin) => sum + pin.size, 0) / 1e6);
  const step = context.reporter.step(`fetch ${all.length} packages of the avocado feed (${size} MB)`);
  await mkdir(storePath('rpms'), { recursive: true });
  await withFeed(address, context, async (prepared) => {
    const { work, reach, image, mounts, dnf } = prepared;
    const rpms = join(work, 'rpms');
    await mkdir(rpms);
    const steps = [...reach, metadataStep(prepared, metadataName(address.machine))];
    for (const [side, pins] of Object.entries(missing) as [keyof WantedRpms, PackagePin[]][]) {
      const plan = {
        pins: Object.fromEntries(pins.map((pin) => [nevra(pin), pin.sha256])),
        directory: `${workDirectory}/rpms`,
        report: `${workDirectory}/${side}.report`,
      };
      await writeFile(join(work, `${side}.pins`), JSON.stringify(plan));
      const argv = ['nx-fetch', `${workDirectory}/${side}.pins`];
      steps.push(dnfStep({ label: `fetch packages (${side})`, side, argv }, dnf));
    }
    await runSteps({ label: 'fetch packages', image, work, steps, mounts, network: true }, context).catch(
      async (error: unknown) => Promise.reject((await reported(work, Object.keys(missing))) ?? error),
    );
    const found = new Map<string, string>();
    for (const name of await readdir(rpms)) found.set(await sha256File(join(rpms, name)), join(rpms, name));
    for (const pin of all) {
      const path = found.get(pin.sha256);
      if (path === undefined) throw corrupt([nevra(pin)]);
      await rename(path, rpmPath(pin));
      found.delete(pin.sha256);
    }
  });
  step.done();
}

/** What our command of dnf said about pins that it did not find. */
async function reported(work: string, sides: string[]): Promise<AvocadoError | undefined> {
  for (const side of sides) {
    const text = await readFile(join(work, `${side}.report`), 'utf8').catch(() => '{}');
    const { vanished = [], changed = [] } = JSON.parse(text) as { vanished?: string[]; changed?: string[] };
    if (vanished.length > 0) {
      return new AvocadoError(
        'PIN_VANISHED',
        `the feed no longer has ${vanished.join(', ')}, which avocado.lock pins`,
        {
          hint: 'Move the lock on: nx g nx-avocado:lock --update',
        },
      );
    }
    if (changed.length > 0) return corrupt(changed);
  }
  return undefined;
}

function corrupt(names: string[]): AvocadoError {
  return new AvocadoError('PACKAGE_CORRUPT', `the feed's ${names.join(', ')} is not the package that the lock names`, {
    hint: 'A published package must not change. Ask whoever runs the feed; if that is meant, nx g nx-avocado:lock --update.',
  });
}
