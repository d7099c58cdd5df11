import { join } from 'node:path';
import { loadConfig } from '@nx-avocado/engine/config';
import { AvocadoError } from '@nx-avocado/engine/error';
import type { SourcePosition } from '@nx-avocado/engine/error';

/** Where a section stands in an avocado.yaml as it is now, for messages: its path relative to the workspace root. */
export function sectionPosition(
  workspaceRoot: string,
  file: string,
  machine: string,
  path: string[],
): Required<SourcePosition> & { line: number; column: number } {
  const loaded = loadConfig(join(workspaceRoot, file), { machine, env: process.env });
  const { line, column } = loaded.config ? loaded.positionOf(path) : { line: 1, column: 1 };
  return { file, line, column };
}

/** An error about a script, with the place that names it where the engine, which has no file, could not tell. */
export function placed(error: unknown, position: (error: AvocadoError) => SourcePosition): unknown {
  if (!(error instanceof AvocadoError) || error.position || !/SCRIPT/.test(error.code)) return error;
  const { code, message, hint, cause } = error;
  return new AvocadoError(code, message, { hint, cause, position: position(error) });
}
