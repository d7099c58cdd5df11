import { copyFile, mkdir, readFile, rename, stat, utimes, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { AvocadoError } from '../error';
import type { Mount } from '../sdk/types';
import { sha256, storePath, use, uuid5, verifyManifest, withLock, withTemporaryDirectory } from '../store';
import type { TaskContext, TaskOutput } from '../task';
import { diskDigest } from './disk-recipe';
import type { DiskRecipe } from './disk-recipe';
import { isIntact, pruneDisks, recordDisk } from './disk-store';
import { provePart } from './parts';
import { repartArguments, repartDefinitions, repartPlaces } from './repart';
import type { RepartSources } from './repart';
import { runTool } from './tools';
import type { VarContent } from './var-content';
import { inVar, stageVar } from './var-staging';

/** Any constant would do; it must never change. */
const seedNamespace = 'c7d9b8a4-7a0e-5a0b-9a55-0b0c6b1d2e3f';

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

/**
 * The raw disk of a provision task, put together in the store unless it is there already. Every part is proven first.
 * @throws AvocadoError `OUTPUT_MISSING`, `OUTPUT_CORRUPT`, `COMMAND_FAILED`
 */
export async function openDisk(provision: TaskOutput, context: TaskContext): Promise<OpenedDisk> {
  const { workspaceRoot, reporter } = context;
  const directory = join(workspaceRoot, provision.path);
  const { files } = await verifyManifest(directory, provision.task);
  if (files['provision.json']) {
    throw new AvocadoError('DISK_UNSUPPORTED', `what the SDK made of ${provision.task} is no recipe of ours`, {
      hint: `Its files stand in ${provision.path}/files, compressed: zstd -d unpacks them.`,
    });
  }
  const recipe = JSON.parse(await readFile(join(directory, 'disk.json'), 'utf8')) as DiskRecipe;
  const digest = diskDigest(recipe);
  const path = storePath('disks', `${digest}.raw`);
  await use('disks', basename(path));
  const kernel = await provePart(workspaceRoot, recipe.kernel);
  const initramfs = await provePart(workspaceRoot, recipe.initramfs);
  const project = sha256(`${workspaceRoot}\0${provision.path}`);

  const wait = (): void => reporter.info('another process is putting the same disk together; waiting for it');
  await withLock(
    storePath('locks', `disk-${digest}`),
    async () => {
      if (await isIntact(path)) return;
      const step = reporter.step(`put the disk of ${recipe.runtime.name} together`);
      await withTemporaryDirectory(storePath('disks'), async (work) => {
        await assemble(recipe, digest, work, context);
        await rename(join(work, 'disk.raw'), path);
      });
      await recordDisk(path, project);
      const { size, blocks } = await stat(path);
      step.done(`${megabytes(blocks * 512)} of ${megabytes(size)}`);
    },
    wait,
  );
  await pruneDisks(project, basename(path));
  return { path, digest, kernel, initramfs, cmdline: recipe.cmdline, recipe };
}

async function assemble(recipe: DiskRecipe, digest: string, work: string, context: TaskContext): Promise<void> {
  for (const name of ['definitions', 'esp', 'var', 'tmp']) await mkdir(join(work, name));
  const mounts: Mount[] = [{ source: work, target: '/work/disk', writable: true }];
  const give = (host: string): string => {
    const target = `/work/parts/${mounts.length}`;
    mounts.push({ source: host, target });
    return target;
  };
  const sources: RepartSources = { files: {}, blocks: {}, subvolumes: [] };
  let fat = 16;
  for (const { name, content } of recipe.partitions) {
    if (content?.kind === 'image') {
      sources.blocks[name] = give(await provePart(context.workspaceRoot, content.source));
    } else if (content?.kind === 'esp') {
      fat = content.fat;
      const files = content.files.map(async ({ path, source }, number) => {
        await copyTimed(await provePart(context.workspaceRoot, source), join(work, 'esp', String(number)), recipe);
        return { source: `${repartPlaces.esp}/${number}`, target: inVar(path) };
      });
      sources.files[name] = await Promise.all(files);
    } else if (content?.kind === 'var') {
      const list = JSON.parse(
        await readFile(await provePart(context.workspaceRoot, content.source), 'utf8'),
      ) as VarContent;
      const staged = await stageVar(list, join(work, 'var'), context.workspaceRoot, context.signal);
      sources.files[name] = staged.images.map(({ path, host }) => ({ source: give(host), target: inVar(path) }));
      sources.subvolumes = staged.subvolumes.map(inVar);
    }
  }
  for (const [name, text] of Object.entries(repartDefinitions(recipe.partitions, sources))) {
    await writeFile(join(work, 'definitions', name), text);
  }
  await runTool(
    recipe.tools,
    {
      label: `disk of ${recipe.runtime.name}`,
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

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`;
}
