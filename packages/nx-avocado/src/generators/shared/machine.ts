import { suggest } from '@nx-avocado/engine/config';
import { AvocadoError } from '@nx-avocado/engine/error';
import { machineNames } from '@nx-avocado/engine/feed';

/** @throws AvocadoError `MACHINE_UNKNOWN` where the feed cannot build for a machine target */
export function checkMachine(machine: string): void {
  const names = machineNames();
  if (names.includes(machine)) return;
  throw new AvocadoError('MACHINE_UNKNOWN', `the debian feed does not build for the machine target ${machine}`, {
    hint: suggest(machine, names, 'It builds for') ?? `It builds for: ${names.join(', ')}.`,
  });
}
