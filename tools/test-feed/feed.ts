import { existsSync } from 'node:fs';
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { canonicalJson, replaceDirectory, sha256, storePath, withLock } from '../../packages/engine/src/store';
import { buildPackages } from './build';
import { catalog, imagePins, movedPackages } from './catalog';
import { imageFiles, makeImage } from './image';
import { groups } from './layout';

/** The feed's snapshots, oldest first. The second has newer versions of some packages, and lacks the older ones. */
export const snapshots = ['20250101T000000Z-qemux86-64', '20250201T000000Z-qemux86-64'] as const;
export type Snapshot = (typeof snapshots)[number];

/** The feed and the SDK image on this machine. */
export interface TestFeed {
  /** sha256 (hex) of everything that it is made from. */
  digest: string;
  /** A directory for each snapshot, below it the repositories. */
  directory: string;
  /** The SDK image, as a directory that the sandbox can show. */
  imageRoot: string;
  /** The same, for `docker import`. */
  imageTar: string;
}

/** The feed of the packages that Debian has now; made where this machine has none of them yet, in about a minute. */
export async function openTestFeed(): Promise<TestFeed> {
  const image = await imagePins();
  const packages = await catalog(image);
  const scripts = ['spec.ts', 'build-packages.sh'].map((name) => readFile(join(__dirname, name), 'utf8'));
  const made = [
    packages,
    movedPackages,
    image.map((pin) => pin.sha256),
    imageFiles(),
    groups,
    await Promise.all(scripts),
  ];
  const digest = sha256(canonicalJson(made));
  const place = storePath('work', `test-feed-${digest.slice(0, 16)}`);
  const feed = {
    digest,
    directory: join(place, 'feed'),
    imageRoot: join(place, 'image'),
    imageTar: join(place, 'image.tar'),
  };
  if (existsSync(place)) return feed;
  await withLock(storePath('locks', 'test-feed'), async () => {
    if (existsSync(place)) return;
    await replaceDirectory(place, async (temporary) => {
      await makeImage(image, join(temporary, 'image'));
      const scratch = join(temporary, 'scratch');
      const [first, second] = snapshots.map((id) => join(temporary, 'feed', id)) as [string, string];
      await mkdir(scratch);
      await buildPackages(packages, first, scratch);
      await cp(first, second, { recursive: true });
      for (const { group, name, evr } of packages.filter((item) =>
        movedPackages.some(({ name }) => name === item.name),
      )) {
        const { arch, repository } = groups[group];
        await rm(join(second, repository, `${name}-${evr}.${arch}.rpm`));
      }
      await buildPackages(movedPackages, second, join(scratch, 'moved'));
      await rm(scratch, { recursive: true });
      await writeFile(join(temporary, 'made'), `${digest}\n`);
    });
  });
  return feed;
}
