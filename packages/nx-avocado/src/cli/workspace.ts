import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { AvocadoError } from '@nx-avocado/engine/error';

/**
 * The workspace that the working directory is in.
 * @throws AvocadoError `WORKSPACE_MISSING`
 */
export function workspaceRoot(from: string = process.cwd()): string {
  for (let directory = from; ; directory = dirname(directory)) {
    if (existsSync(join(directory, 'nx.json'))) return directory;
    if (dirname(directory) === directory) break;
  }
  throw new AvocadoError('WORKSPACE_MISSING', `no nx.json in ${from} or above it`, {
    hint: 'Run it in an Nx workspace.',
  });
}
