import { isKernelSpec, matchesKernelSpec } from './kernel-version';

test.each([
  ['6.12.69', '6.12.69', true],
  ['6.12.69-yocto-standard', '6.12.69', true],
  ['6.12.69-a', '6.12.69-b', false],
  ['6.12.69', '6.12', false],
  ['5.15.3', '5.15.*', true],
  ['5.150.3', '5.15.*', false],
  ['6.12.0', '>= 6.6, < 6.12', false],
  ['6.6', '>= 6.6, < 6.12', true],
  ['6.11.99', '>=6.6,<6.12', true],
  ['6.5.9', '>= 6.6, < 6.12', false],
  ['6.5.9', '*', true],
])('%s against %s: %s', (version, spec, expected) => {
  expect(matchesKernelSpec(version, spec)).toBe(expected);
});

test.each(['', 'six', '6.*.1', '> 6.*', '6.6 6.7', '>=', '^6.6'])('%s is no specification', (spec) => {
  expect(isKernelSpec(spec)).toBe(false);
});
