import { join } from 'node:path';
import { AvocadoError } from '../error';
import { isSameOutput, replaceDirectory, storePath, withTemporaryDirectory, writeManifest } from '../store';
import type { TaskContext } from '../task';
import { packDirectory } from './archive';

interface OutputOptions {
  outputPath: string;
  package: string;
  extension: string;
}

/** @throws AvocadoError `COMPILE_NAME_INVALID`: the name becomes a file's or a directory's */
export function checkName(kind: string, name: string): void {
  if (/^[A-Za-z0-9][A-Za-z0-9+._-]*$/.test(name)) return;
  throw new AvocadoError('COMPILE_NAME_INVALID', `${JSON.stringify(name)} is no name for a ${kind}`, {
    hint: 'Letters, digits, and . _ + - inside.',
  });
}

/**
 * The end of both ways to compile: packs what `install` puts into an empty directory, and only then replaces the
 * task's output, `<package>.tar` and its manifest.
 */
export async function writeOutput(
  options: OutputOptions,
  context: TaskContext,
  install: (staged: string) => Promise<void>,
): Promise<void> {
  await withTemporaryDirectory(storePath('work'), async (staged) => {
    await install(staged);
    if (context.signal.aborted) throw new AvocadoError('ABORTED', `compiling ${options.package} was interrupted`);
    const archive = `${options.package}.tar`;
    const output = join(context.workspaceRoot, options.outputPath);
    const fill = async (temporary: string): Promise<void> => {
      const paths = await packDirectory(staged, join(temporary, archive));
      if (paths.length === 0) {
        context.reporter.warn(`${options.package} installs nothing into extension ${options.extension}`);
      }
      await writeManifest(temporary, [archive]);
    };
    await replaceDirectory(output, fill, (temporary) => isSameOutput(temporary, output));
  });
}
