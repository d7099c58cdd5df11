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
  rootfs: 6,
  'runtime-build': 2,
  provision: 3,
  qemu: 1,
  'boot-test': 2,
  'boot-chart': 1,
  disk: 1,
  watch: 1,
  deploy: 1,
  flash: 1,
  report: 1,
  'sdk-run': 1,
  invalid: 1,
} as const;

export type Verb = keyof typeof recipes;

/** Version of the plugin, which is the engine's too: they are released together. */
export const release = (JSON.parse(readFileSync(join(__dirname, '../../package.json'), 'utf8')) as { version: string })
  .version;
