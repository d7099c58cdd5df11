import { createRequire } from 'node:module';
import { join } from 'node:path';
import type * as config from '@nx-avocado/engine/config';
import { AvocadoError } from '@nx-avocado/engine/error';
import type { SourcePosition } from '@nx-avocado/engine/error';

type Config = typeof config;

/**
 * Brings zod and yaml, half of what a step loads, so compiled only an error loads it. From source it is loaded at once:
 * Nx takes its TypeScript loader away after it has loaded an executor.
 */
const load = (): Config => createRequire(__filename)('@nx-avocado/engine/config') as Config;
const early = __filename.endsWith('.ts') ? load() : undefined;

/** Where a section stands in an avocado.yaml when somebody asks, for messages: its path relative to the workspace root. */
export function sectionPosition(
  workspaceRoot: string,
  file: string,
  machine: string,
  path: (string | number)[],
): Required<SourcePosition> & { line: number; column: number } {
  const find = (): { line: number; column: number } => {
    const { loadConfig } = early ?? load();
    const loaded = loadConfig(join(workspaceRoot, file), { machine, env: process.env });
    return loaded.config ? loaded.positionOf(path) : { line: 1, column: 1 };
  };
  return {
    file,
    get line() {
      return find().line;
    },
    get column() {
      return find().column;
    },
  };
}

/** An error about a script, with the place that names it where the engine, which has no file, could not tell. */
export function placed(error: unknown, position: (error: AvocadoError) => SourcePosition): unknown {
  if (!(error instanceof AvocadoError) || error.position || !/SCRIPT/.test(error.code)) return error;
  const { code, message, hint, cause } = error;
  return new AvocadoError(code, message, { hint, cause, position: position(error) });
}
