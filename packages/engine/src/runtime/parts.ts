import { stat } from 'node:fs/promises';
import { isAbsolute, join, posix } from 'node:path';
import { AvocadoError } from '../error';
import { sha256File } from '../store';
import type { Part } from './var-content';

/**
 * The absolute path of a part whose bytes are what they were.
 * @throws AvocadoError `OUTPUT_MISSING`, `OUTPUT_CORRUPT`
 */
export async function provePart(workspaceRoot: string, part: Part): Promise<string> {
  const clean = posix.normalize(part.path);
  if (isAbsolute(clean) || clean === '..' || clean.startsWith('../')) {
    throw new AvocadoError('OUTPUT_CORRUPT', `${JSON.stringify(part.path)} is no path below the workspace`);
  }
  const path = join(workspaceRoot, clean);
  const hint =
    part.task === undefined
      ? 'A source was changed after the build: build the runtime again.'
      : `Build it again: nx run ${part.task} --skip-nx-cache`;
  const size = await stat(path).then(
    (found) => found.size,
    () => undefined,
  );
  if (size === undefined)
    throw new AvocadoError('OUTPUT_MISSING', `a part of the disk is gone: ${part.path}`, { hint });
  if (size !== part.size || (await sha256File(path)) !== part.sha256) {
    throw new AvocadoError('OUTPUT_CORRUPT', `a part of the disk is not what it was: ${part.path}`, { hint });
  }
  return path;
}
