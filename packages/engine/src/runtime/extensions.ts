import { readFile } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { AvocadoError } from '../error';
import type { ExtensionRecord } from '../extension/record';
import { verifyManifest } from '../store';
import type { RuntimeBuildOptions, TaskContext } from '../task';
import type { Part } from './var-content';

export interface BuiltExtension {
  enabled: boolean;
  record: ExtensionRecord;
  /** Absent where the feed leaves the extension out. */
  image?: Part;
  var?: Part;
}

/**
 * What the builds of the extensions gave. Their records are proven; whoever reads an image's bytes proves those.
 * @throws AvocadoError `OUTPUT_MISSING`, `OUTPUT_CORRUPT`, `EXTENSION_DUPLICATE`, `EXTENSION_MACHINE_MISMATCH`
 */
export async function readExtensions(
  options: RuntimeBuildOptions,
  { workspaceRoot }: TaskContext,
): Promise<BuiltExtension[]> {
  const seen = new Set<string>();
  return Promise.all(
    options.extensions.map(async ({ name, enabled, output }) => {
      if (seen.has(name)) {
        throw new AvocadoError('EXTENSION_DUPLICATE', `runtime ${options.section.name} lists ${name} twice`);
      }
      seen.add(name);
      const directory = join(workspaceRoot, output.path);
      const { files } = await verifyManifest(directory, output.task, ['extension.json']);
      const record = JSON.parse(await readFile(join(directory, 'extension.json'), 'utf8')) as ExtensionRecord;
      if (record.machine !== options.machine) {
        throw new AvocadoError(
          'EXTENSION_MACHINE_MISMATCH',
          `${output.task} was built for ${record.machine}, the runtime is for ${options.machine}`,
          { hint: `Build it again: nx run ${output.task}` },
        );
      }
      const part = (file: string): Part => {
        const entry = files[file];
        if (!entry) throw new AvocadoError('OUTPUT_MISSING', `${output.task} has no output ${file}`);
        return { path: posix.join(output.path, file), ...entry, task: output.task };
      };
      return {
        enabled,
        record,
        ...(record.image ? { image: part(record.image.file) } : {}),
        ...(record.var ? { var: part(record.var.file) } : {}),
      };
    }),
  );
}
