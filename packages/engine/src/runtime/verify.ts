import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AvocadoError } from '../error';
import { verifyManifest } from '../store';
import type { TaskOutput } from '../task';
import type { DiskRecipe } from './disk-recipe';
import { provePart } from './parts';
import type { Part, VarContent } from './var-content';

/**
 * Proves a task's output by its manifest, and what it refers to: the parts of a disk and of a var partition, which other
 * tasks stored.
 * @param all outputs of the workspace: a part that is as its own task wrote it is not damaged, but newer
 * @returns what is wrong: `OUTPUT_MISSING`, `OUTPUT_CORRUPT`, `OUTPUT_STALE`
 */
export async function verifyOutput(
  workspaceRoot: string,
  output: TaskOutput,
  all: readonly TaskOutput[],
): Promise<AvocadoError[]> {
  const directory = join(workspaceRoot, output.path);
  try {
    const { files } = await verifyManifest(directory, output.task);
    const read = async (name: string): Promise<unknown> =>
      files[name] ? JSON.parse(await readFile(join(directory, name), 'utf8')) : undefined;
    const parts = [
      ...diskParts((await read('disk.json')) as DiskRecipe | undefined),
      ...varParts((await read('var.json')) as VarContent | undefined),
    ];
    const found = parts.map((part) =>
      provePart(workspaceRoot, part).then(
        () => [],
        async (error: unknown) => ((await isNewer(workspaceRoot, part, all)) ? [stale(output, part)] : problem(error)),
      ),
    );
    return (await Promise.all(found)).flat();
  } catch (error) {
    return problem(error);
  }
}

/** Whether a part is what its own task wrote, later than what refers to it was made. */
async function isNewer(workspaceRoot: string, part: Part, all: readonly TaskOutput[]): Promise<boolean> {
  const owner = all.find(({ path }) => part.path.startsWith(`${path}/`));
  if (!owner) return false;
  const file = part.path.slice(owner.path.length + 1);
  return verifyManifest(join(workspaceRoot, owner.path), owner.task, [file]).then(
    () => true,
    () => false,
  );
}

function stale(output: TaskOutput, part: Part): AvocadoError {
  return new AvocadoError('OUTPUT_STALE', `${output.task} is older than a part of it: ${part.path}`, {
    hint: `Bring it up to date: nx run ${output.task}`,
  });
}

function problem(error: unknown): AvocadoError[] {
  if (error instanceof AvocadoError) return [error];
  throw error;
}

function diskParts(recipe?: DiskRecipe): Part[] {
  if (!recipe) return [];
  const contents = recipe.partitions.flatMap(({ content }) =>
    !content ? [] : content.kind === 'esp' ? content.files.map(({ source }) => source) : [content.source],
  );
  return [recipe.kernel, recipe.initramfs, ...contents];
}

function varParts(content?: VarContent): Part[] {
  return content?.entries.flatMap((entry) => ('source' in entry ? [entry.source] : [])) ?? [];
}
