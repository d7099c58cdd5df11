import { shellQuote } from '../sdk';
import { unitName } from './journal';

/** What systemd knows of a unit (org.freedesktop.systemd1(5)). */
export interface UnitState {
  load: string;
  active: string;
  sub: string;
  result: string;
}

const separator = '--';

/** Shell command for the observer that prints what `parseUnits` reads. */
export function unitsCommand(units: string[]): string {
  const names = units.map((unit) => shellQuote(unitName(unit))).join(' ');
  const properties = 'LoadState,ActiveState,SubState,Result';
  return `systemctl is-system-running; echo ${separator}; systemctl show -p ${properties} ${names}`;
}

/** @param asked as given to `unitsCommand`; answers come in its order, under the real name where one was an alias */
export function parseUnits(output: string, asked: string[]): { settled: boolean; units: Map<string, UnitState> } {
  const [running = '', properties = ''] = output.split(`${separator}\n`);
  const units = new Map<string, UnitState>();
  properties.split('\n\n').forEach((block, index) => {
    const values = new Map(block.split('\n').map((line) => [line.split('=', 1)[0] ?? '', line.replace(/^[^=]*=/, '')]));
    const [load, active, sub] = [values.get('LoadState'), values.get('ActiveState'), values.get('SubState')];
    const name = asked[index];
    if (name === undefined || load === undefined || active === undefined || sub === undefined) return;
    units.set(unitName(name), { load, active, sub, result: values.get('Result') ?? '' });
  });
  return { settled: !['initializing', 'starting'].includes(running.trim()), units };
}

/** Why the unit cannot come up any more, once the boot's jobs are done: `a.service: failed (exit-code)`. */
export function hopeless(name: string, unit: UnitState): string | undefined {
  if (unit.load !== 'loaded') return `${name}: ${unit.load}`;
  return unit.active === 'failed' ? `${name}: failed (${unit.result})` : undefined;
}
