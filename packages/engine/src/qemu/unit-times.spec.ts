import { parseUnitTimes } from './unit-times';

const block = (name: string, exit: number, enter: number, inactive = 0): string =>
  `Id=${name}\nInactiveExitTimestampMonotonic=${exit}\nActiveEnterTimestampMonotonic=${enter}\n` +
  `InactiveEnterTimestampMonotonic=${inactive}\n`;

test('units in the order of their start, without those that never started or came later', () => {
  const output = [
    block('b.service', 3_000_000, 3_500_000),
    block('a.service', 3_000_000, 3_100_000, 4_000_000),
    block('first.mount', 1_000_500, 1_200_000),
    block('oneshot.service', 2_000_000, 0, 2_250_000),
    block('starting.service', 2_500_000, 0),
    block('again.service', 2_600_000, 1_000_000),
    block('never.service', 0, 0),
    block('later.service', 9_000_000, 9_100_000),
    'FinishTimestampMonotonic=5000000\n',
  ].join('\n');
  expect(parseUnitTimes(output)).toEqual([
    { name: 'first.mount', start: 1000.5, up: 1200 },
    { name: 'oneshot.service', start: 2000, end: 2250 },
    { name: 'starting.service', start: 2500 },
    { name: 'again.service', start: 2600 },
    { name: 'a.service', start: 3000, up: 3100, end: 4000 },
    { name: 'b.service', start: 3000, up: 3500 },
  ]);
});

test('a boot that is not done has all that was started', () => {
  const output = `${block('a.service', 1_000_000, 0)}\nFinishTimestampMonotonic=0\n`;
  expect(parseUnitTimes(output)).toEqual([{ name: 'a.service', start: 1000 }]);
});
