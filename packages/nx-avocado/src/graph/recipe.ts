import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * What each task writes for the same inputs, as a number: raise it whenever that changes. Nx does not hash a local
 * plugin's source, so these numbers and the release stand in the inferred options (DESIGN rule 9).
 */
export const recipes = {
  'sdk-install': 2,
  'cargo-cross': 2,
  'sdk-compile': 2,
  'extension-assemble': 4,
  rootfs: 7,
  'runtime-build': 2,
  provision: 3,
  'boot-test': 2,
} as const;

/** Tasks that are never cached, and have no key. */
type Uncached = 'qemu' | 'boot-chart' | 'disk' | 'watch' | 'deploy' | 'flash' | 'report' | 'sdk-run' | 'invalid';

export type Verb = keyof typeof recipes | Uncached;

/** What makes a task's key its own beyond its inputs; nothing where it is not cached. */
export function keyOf(verb: Verb): { recipe: number; release: string } | undefined {
  return verb in recipes ? { recipe: recipes[verb as keyof typeof recipes], release } : undefined;
}

/** Version of the plugin, which is the engine's too: they are released together. */
export const release = (JSON.parse(readFileSync(join(__dirname, '../../package.json'), 'utf8')) as { version: string })
  .version;
