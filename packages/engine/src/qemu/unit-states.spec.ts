import { hopeless, parseUnits, unitsCommand } from './unit-states';

test('states are read in the order in which they were asked for', () => {
  expect(unitsCommand(['app', 'dbus.socket'])).toMatch(/ app\.service dbus\.socket$/);
  const block = (load: string, active: string): string =>
    `LoadState=${load}\nActiveState=${active}\nSubState=dead\nResult=success\n`;
  const output = `degraded\n--\n${block('loaded', 'active')}\n${block('not-found', 'inactive')}`;
  expect(parseUnits(output, ['app', 'dbus.socket'])).toEqual({
    settled: true,
    units: new Map([
      ['app.service', { load: 'loaded', active: 'active', sub: 'dead', result: 'success' }],
      ['dbus.socket', { load: 'not-found', active: 'inactive', sub: 'dead', result: 'success' }],
    ]),
  });
  expect(parseUnits('starting\n--\n', ['app'])).toEqual({ settled: false, units: new Map() });
});

test.each([
  ['loaded', 'failed', 'exit-code', 'a.service: failed (exit-code)'],
  ['masked', 'inactive', 'success', 'a.service: masked'],
  ['loaded', 'activating', 'exit-code', undefined],
])('%s and %s (%s): %s', (load, active, result, why) => {
  expect(hopeless('a.service', { load, active, sub: '', result })).toBe(why);
});
