/** When a unit came up. Milliseconds since the guest's kernel started. */
export interface UnitTime {
  name: string;
  /** It began to start. */
  start: number;
  /** It was up; absent where it is still starting, or ended before that. */
  up?: number;
  /** It was down again. */
  end?: number;
}

const properties = ['Id', 'InactiveExit', 'ActiveEnter', 'InactiveEnter'].map((name) =>
  name === 'Id' ? name : `${name}TimestampMonotonic`,
);

/** Devices, slices and scopes take no time of their own, and there are as many of them as of all others. */
const kinds = ['service', 'socket', 'mount', 'target', 'swap', 'path', 'timer', 'automount'];

/**
 * Shell command for the observer that prints what `parseUnitTimes` reads. One question for all units: systemd-analyze(1)
 * asks for each property of each, which takes an emulated guest nearly as long as its boot.
 */
export const unitTimesCommand =
  `systemctl show ${kinds.map((kind) => `'*.${kind}'`).join(' ')} -p ${properties.join(',')}; echo; ` +
  'systemctl show -p FinishTimestampMonotonic';

/** Units in the order in which they began to start, without those that came after the boot. */
export function parseUnitTimes(output: string): UnitTime[] {
  const milliseconds = (block: string, name: string): number | undefined => {
    const value = Number(new RegExp(`^${name}TimestampMonotonic=(\\d+)$`, 'm').exec(block)?.[1] ?? 0);
    // 0 is systemd's way to say that there was no such moment.
    return value === 0 ? undefined : value / 1000;
  };
  const finished = milliseconds(output, 'Finish') ?? Infinity;
  const found = output.split('\n\n').flatMap((block): UnitTime[] => {
    const name = /^Id=(.*)$/m.exec(block)?.[1];
    const start = milliseconds(block, 'InactiveExit');
    if (name === undefined || start === undefined || start > finished) return [];
    const [up, end] = [milliseconds(block, 'ActiveEnter'), milliseconds(block, 'InactiveEnter')];
    const after = (moment: number | undefined): moment is number => moment !== undefined && moment >= start;
    return [{ name, start, ...(after(up) && { up }), ...(after(end) && { end }) }];
  });
  return found.sort((a, b) => a.start - b.start || (a.name < b.name ? -1 : 1));
}
