import { copyFile, mkdir, rename, utimes, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Mount } from '../sdk/types';
import { sha256, storePath, use, uuid5, withLock, withTemporaryDirectory } from '../store';
import type { TaskContext } from '../task';
import { baseDigest } from './disk-recipe';
import type { DiskRecipe } from './disk-recipe';
import { isIntact, pruneDisks, recordDisk } from './disk-store';
import { hybridMbr, writeMbr } from './mbr';
import { provePart } from './parts';
import { repartArguments, repartDefinitions, repartPlaces } from './repart';
import type { RepartSources } from './repart';
import { runTool } from './tools';

/** Any constant would do; it must never change. */
const seedNamespace = 'c7d9b8a4-7a0e-5a0b-9a55-0b0c6b1d2e3f';

/**
 * The disk with its partition table, ESP and OS image, and an empty var partition, in the store: an edit of an
 * extension leaves it as it is, and it is most of a disk's bytes.
 * @param project who uses it: its older ones are removed
 * @returns absolute path; read-only
 * @throws AvocadoError `OUTPUT_MISSING`, `OUTPUT_CORRUPT`, `COMMAND_FAILED`
 */
export async function openBase(recipe: DiskRecipe, project: string, context: TaskContext): Promise<string> {
  const digest = baseDigest(recipe);
  const path = storePath('disks', `${digest}.base.raw`);
  const owner = sha256(`base\0${project}`);
  await use('disks', basename(path));
  await withLock(storePath('locks', `disk-base-${digest}`), async () => {
    if (await isIntact(path)) return;
    await withTemporaryDirectory(storePath('disks'), async (work) => {
      await makeBase(recipe, digest, work, context);
      if (recipe.table === 'hybrid') await writeMbr(join(work, 'disk.raw'), hybridMbr(recipe));
      await rename(join(work, 'disk.raw'), path);
    });
    await recordDisk(path, owner);
  });
  await pruneDisks(owner, basename(path));
  return path;
}

async function makeBase(recipe: DiskRecipe, digest: string, work: string, context: TaskContext): Promise<void> {
  for (const name of ['definitions', 'esp', 'tmp']) await mkdir(join(work, name));
  const mounts: Mount[] = [{ source: work, target: '/work/disk', writable: true }];
  const sources: RepartSources = { files: {}, blocks: {} };
  let fat = 16;
  for (const { name, content } of recipe.partitions) {
    if (content?.kind === 'image') {
      const target = `/work/parts/${mounts.length}`;
      mounts.push({ source: await provePart(context.workspaceRoot, content.source), target });
      sources.blocks[name] = target;
    } else if (content?.kind === 'esp') {
      fat = content.fat;
      const files = content.files.map(async ({ path, source }, number) => {
        await copyTimed(await provePart(context.workspaceRoot, source), join(work, 'esp', String(number)), recipe);
        return { source: `${repartPlaces.esp}/${number}`, target: join('/', path) };
      });
      sources.files[name] = await Promise.all(files);
    }
  }
  for (const [name, text] of Object.entries(repartDefinitions(recipe.partitions, sources))) {
    await writeFile(join(work, 'definitions', name), text);
  }
  await runTool(
    recipe.tools,
    {
      label: `partitions of ${recipe.runtime.name}`,
      argv: repartArguments(uuid5(seedNamespace, digest), recipe.size),
      mounts,
      env: {
        SOURCE_DATE_EPOCH: String(recipe.sourceDateEpoch),
        SYSTEMD_REPART_MKFS_OPTIONS_VFAT: `-F ${fat}`,
        // Not the sandbox's /tmp, which is memory: repart gathers a partition's files there.
        TMPDIR: repartPlaces.temporary,
      },
    },
    context,
  );
}

/** Repart gives a FAT's files the times of their sources: of an output, that is when it was built, or restored. */
async function copyTimed(from: string, to: string, { sourceDateEpoch }: DiskRecipe): Promise<void> {
  // Nothing on a FAT is older than 1980.
  const time = Math.max(sourceDateEpoch, Date.UTC(1980) / 1000);
  await copyFile(from, to);
  await utimes(to, time, time);
}
