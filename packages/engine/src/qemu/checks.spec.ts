import { Checks, parseUnits, unitsCommand } from './checks';
import type { UnitState } from './checks';

const state = (load: string, active: string, sub: string, result = 'success'): UnitState => ({
  load,
  active,
  sub,
  result,
});
const line = (unit: string, message: string) => ({ unit, message, time: 1 });

test('a unit check passes while the unit is active, and only then', () => {
  const checks = new Checks([{ kind: 'unit', unit: 'app' }]);
  checks.addUnits(new Map([['app.service', state('loaded', 'activating', 'start')]]), false);
  expect(checks.passed).toBe(false);
  checks.addUnits(new Map([['app.service', state('loaded', 'active', 'running')]]), false);
  expect(checks.passed).toBe(true);
  checks.addUnits(new Map([['app.service', state('loaded', 'failed', 'failed', 'exit-code')]]), false);
  expect(checks.missing()).toEqual(['app.service is failed (failed), not active']);
});

test('a journal check counts the lines of its unit that meet every condition', () => {
  const checks = new Checks([
    { kind: 'journal', unit: 'app.service', jsonKeys: ['uptime', 'load'], pattern: '"uptime":\\d', count: 2 },
  ]);
  for (const message of ['{"uptime":1,"load":2}', '{"uptime":"x","load":2}', '{"uptime":1}', 'null', '[]', 'text']) {
    checks.addLine(line('app.service', message));
  }
  checks.addLine(line('other.service', '{"uptime":1,"load":2}'));
  expect(checks.journalPassed).toBe(false);
  expect(checks.missing()).toEqual([
    'app.service printed 1 of 2 lines that match /"uptime":\\d/ and are JSON with uptime, load',
  ]);
  checks.addLine(line('app.service', '{"uptime":3,"load":2}'));
  checks.addLine(line('app.service', '{"uptime":5,"load":2}'));
  expect(checks.passed).toBe(true);
  expect(checks.states[0]?.evidence).toEqual(['{"uptime":1,"load":2}', '{"uptime":3,"load":2}']);
});

test.each<[string, UnitState, string]>([
  ['is not there', state('not-found', 'inactive', 'dead'), 'app.service: not-found'],
  ['is masked', state('masked', 'inactive', 'dead'), 'app.service: masked'],
  ['has failed', state('loaded', 'failed', 'failed', 'exit-code'), 'app.service: failed (exit-code)'],
])('a unit that %s is given up, once it is so twice after the boot settled', (_how, unit, text) => {
  for (const check of [
    { kind: 'unit', unit: 'app' },
    { kind: 'journal', unit: 'app', count: 1 },
  ] as const) {
    const checks = new Checks([check]);
    const seen = new Map([['app.service', unit]]);
    expect(checks.addUnits(seen, false)).toEqual([]);
    expect(checks.addUnits(seen, true)).toEqual([]);
    expect(checks.addUnits(seen, true)).toEqual([text]);
  }
});

test('a unit that restarts is waited for', () => {
  const checks = new Checks([{ kind: 'unit', unit: 'app' }]);
  const restarting = new Map([['app.service', state('loaded', 'activating', 'auto-restart', 'exit-code')]]);
  expect(checks.addUnits(restarting, true)).toEqual([]);
  expect(checks.addUnits(restarting, true)).toEqual([]);
});

test.each([
  [{ kind: 'unit', unit: 'a; reboot' }, 'no name of a unit'],
  [{ kind: 'unit', unit: '' }, 'no name of a unit'],
  [{ kind: 'journal', unit: 'a', pattern: '(', count: 1 }, 'Invalid regular expression'],
  [{ kind: 'journal', unit: 'a', count: 0 }, 'count 0 is not 1 or more'],
] as const)('%j is refused', (check, why) => {
  expect(() => new Checks([check])).toThrow(
    expect.objectContaining({ code: 'BOOT_CHECK_INVALID', message: expect.stringContaining(why) }),
  );
});

test('states are read in the order in which they were asked for', () => {
  expect(unitsCommand(['app', 'dbus.socket'])).toMatch(/ app\.service dbus\.socket$/);
  const block = (load: string, active: string): string =>
    `LoadState=${load}\nActiveState=${active}\nSubState=dead\nResult=success\n`;
  const output = `degraded\n--\n${block('loaded', 'active')}\n${block('not-found', 'inactive')}`;
  expect(parseUnits(output, ['app', 'dbus.socket'])).toEqual({
    settled: true,
    units: new Map([
      ['app.service', state('loaded', 'active', 'dead')],
      ['dbus.socket', state('not-found', 'inactive', 'dead')],
    ]),
  });
  expect(parseUnits('starting\n--\n', ['app'])).toEqual({ settled: false, units: new Map() });
});
