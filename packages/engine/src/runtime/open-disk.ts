import { readFile, rename } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { AvocadoError } from '../error';
import { sha256, storePath, use, verifyManifest, withLock, withTemporaryDirectory } from '../store';
import type { TaskContext, TaskOutput } from '../task';
import { assembleDisk } from './assemble-disk';
import { diskDigest } from './disk-recipe';
import type { DiskRecipe } from './disk-recipe';
import { isIntact, pruneDisks, recordDisk } from './disk-store';
import { provePart } from './parts';

export interface OpenedDisk {
  /** Absolute path of the raw disk, sparse, in the store. Read-only: whoever boots it writes to an overlay. */
  path: string;
  digest: string;
  /** Absolute paths, and the command line, for direct kernel boot. */
  kernel: string;
  initramfs: string;
  cmdline: string;
  /** The recipe it was made from. */
  recipe: DiskRecipe;
}

/** A disk that a provision task describes, made or not. */
export interface DescribedDisk {
  recipe: DiskRecipe;
  digest: string;
  /** Where it stands in the store once it is made. */
  path: string;
  /** Whose disk it is: names a provision task of a workspace. */
  project: string;
}

/** @throws AvocadoError `OUTPUT_MISSING`, `OUTPUT_CORRUPT`, `DISK_UNSUPPORTED` */
export async function describeDisk(provision: TaskOutput, workspaceRoot: string): Promise<DescribedDisk> {
  const directory = join(workspaceRoot, provision.path);
  const { files } = await verifyManifest(directory, provision.task);
  if (files['provision.json']) {
    throw new AvocadoError('DISK_UNSUPPORTED', `what the SDK made of ${provision.task} is no recipe of ours`, {
      hint: `Its files stand in ${provision.path}/files, compressed: zstd -d unpacks them.`,
    });
  }
  const recipe = JSON.parse(await readFile(join(directory, 'disk.json'), 'utf8')) as DiskRecipe;
  const digest = diskDigest(recipe);
  const project = sha256(`${workspaceRoot}\0${provision.path}`);
  return { recipe, digest, path: storePath('disks', `${digest}.raw`), project };
}

/**
 * The raw disk of a provision task, put together in the store unless it is there already. Every part is proven first.
 * @throws AvocadoError `OUTPUT_MISSING`, `OUTPUT_CORRUPT`, `COMMAND_FAILED`
 */
export async function openDisk(provision: TaskOutput, context: TaskContext): Promise<OpenedDisk> {
  const { workspaceRoot, reporter } = context;
  const { recipe, digest, path, project } = await describeDisk(provision, workspaceRoot);
  await use('disks', basename(path));
  const kernel = await provePart(workspaceRoot, recipe.kernel);
  const initramfs = await provePart(workspaceRoot, recipe.initramfs);

  const wait = (): void => reporter.info('another process is putting the same disk together; waiting for it');
  await withLock(
    storePath('locks', `disk-${digest}`),
    async () => {
      if (await isIntact(path)) return;
      await withTemporaryDirectory(storePath('disks'), async (work) => {
        await rename(await assembleDisk(recipe, project, work, context), path);
      });
      await recordDisk(path, project);
    },
    wait,
  );
  await pruneDisks(project, basename(path));
  return { path, digest, kernel, initramfs, cmdline: recipe.cmdline, recipe };
}
