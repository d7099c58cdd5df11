import { formatPhases, parsePhases } from './phases';

const init = '{"__MONOTONIC_TIMESTAMP":"9000000","_SOURCE_MONOTONIC_TIMESTAMP":"2831020"}';
const times = (userspace: number, finish: number, initrd = 0): string =>
  `InitRDTimestampMonotonic=${initrd}\nUserspaceTimestampMonotonic=${userspace}\nFinishTimestampMonotonic=${finish}\n`;

test('an initramfs without systemd is told by the kernel', () => {
  const phases = parsePhases(`${init}\n20.50 3.10\n${times(4_000_000, 12_500_000)}`, 21_700);
  expect(phases).toEqual({ firmware: 1200, kernel: 2831, initrd: 1169, userspace: 8500 });
  expect(formatPhases(phases)).toBe('firmware 1.2 s, kernel 2.8 s, initrd 1.2 s, userspace 8.5 s');
});

test('an initramfs with systemd tells itself', () => {
  expect(parsePhases(`20.50 3.10\n${times(4_000_000, 12_000_000, 3_000_000)}`, 21_000)).toMatchObject({
    kernel: 3000,
    initrd: 1000,
  });
});

test('what is not known is left out', () => {
  expect(parsePhases(`20.50 3.10\n${times(4_000_000, 0)}`, 21_000)).toEqual({ firmware: 500, kernel: 4000 });
  expect(parsePhases('', 1000)).toEqual({});
});
