import type { TargetConfiguration } from '@nx/devkit';
import type { Verb } from '../graph/recipe';

/**
 * About how long a task takes on an agent of two cores, in seconds. Only the proportions count, and an agent has no
 * history to take better ones from: Nx's is a database of the machine, which a fresh clone starts without.
 */
const estimates: Record<Verb, number> = {
  'sdk-install': 2,
  'cargo-cross': 30,
  'sdk-compile': 20,
  'extension-assemble': 3,
  rootfs: 30,
  'runtime-build': 1,
  provision: 2,
  qemu: 40,
  'boot-test': 40,
  'boot-chart': 40,
  disk: 5,
  watch: 0,
  deploy: 10,
  flash: 60,
  report: 10,
  'sdk-run': 5,
  invalid: 1,
};

/** Somebody else's task: a linter, a test. */
const other = 10;

export function secondsOf(target: TargetConfiguration | undefined): number {
  const [plugin, executor] = target?.executor?.split(':') ?? [];
  if (plugin !== 'nx-avocado' || executor === undefined) return other;
  const { step } = (target?.options ?? {}) as { step?: string };
  return (estimates as Record<string, number>)[step ?? executor] ?? other;
}
