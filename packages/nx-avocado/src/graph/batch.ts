import { readFileSync } from 'node:fs';
import type { Verb } from './recipe';

/** Tasks that only make files: the ones between avocado.yaml and a disk. */
const steps = [
  ...(['sdk-install', 'cargo-cross', 'sdk-compile', 'extension-assemble'] as const),
  ...(['rootfs', 'runtime-build', 'provision', 'disk'] as const),
] satisfies Verb[];

export type Step = (typeof steps)[number];

/**
 * From Nx 24 on, steps share a process: Nx puts into a batch what has one executor, which is `step`. Before, Nx stores
 * what ran in a batch under keys from before the run (22), or has no way to say that an output stays (22, early 23).
 */
export const isNx24 = nxMajor() >= 24;

export function isBatched(verb: Verb): boolean {
  return isNx24 && isStep(verb);
}

export function isStep(verb: string | undefined): verb is Step {
  return (steps as readonly (string | undefined)[]).includes(verb);
}

/** Of the Nx that runs: devkit, which tells it too, takes 0.3 s to load. */
function nxMajor(): number {
  const { version } = JSON.parse(readFileSync(require.resolve('nx/package.json'), 'utf8')) as { version: string };
  return Number(version.split('.')[0]);
}
