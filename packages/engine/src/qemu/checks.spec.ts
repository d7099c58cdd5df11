import { Checks } from './checks';
import type { ProbeState } from './checks';
import type { BootCheck } from './check-schema';
import type { UnitState } from './unit-states';

const state = (load: string, active: string, sub: string, result = 'success'): UnitState => ({
  load,
  active,
  sub,
  result,
});
const line = (unit: string, message: string) => ({ unit, message, time: 1, boot: 'b' });

test('a unit check passes while the unit is active, and only then', () => {
  const checks = new Checks([{ kind: 'unit', unit: 'app' }]);
  checks.addUnits(new Map([['app.service', state('loaded', 'activating', 'start')]]), false, 1000);
  expect(checks.passed(0)).toBe(false);
  checks.addUnits(new Map([['app.service', state('loaded', 'active', 'running')]]), false, 2000);
  expect(checks.passed(0)).toBe(true);
  checks.addUnits(new Map([['app.service', state('loaded', 'failed', 'failed', 'exit-code')]]), false, 3000);
  expect(checks.missing()).toEqual(['app.service is failed (failed), not active']);
});

test('a journal check counts the lines of its unit that meet every condition', () => {
  const checks = new Checks([
    { kind: 'journal', unit: 'app.service', jsonKeys: ['uptime', 'load'], pattern: '"uptime":\\d', count: 2 },
  ]);
  for (const message of ['{"uptime":1,"load":2}', '{"uptime":"x","load":2}', '{"uptime":1}', 'null', '[]', 'text']) {
    checks.addLine(line('app.service', message), 1500);
  }
  checks.addLine(line('other.service', '{"uptime":1,"load":2}'), 1500);
  expect(checks.journalPassed).toBe(false);
  expect(checks.missing()).toEqual([
    'app.service printed 1 of 2 lines that match /"uptime":\\d/ and are JSON with uptime, load',
  ]);
  checks.addLine(line('app.service', '{"uptime":3,"load":2}'), 1500);
  checks.addLine(line('app.service', '{"uptime":5,"load":2}'), 1500);
  expect(checks.passed(0)).toBe(true);
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
    expect(checks.addUnits(seen, false, 0)).toEqual([]);
    expect(checks.addUnits(seen, true, 0)).toEqual([]);
    expect(checks.addUnits(seen, true, 0)).toEqual([text]);
  }
});

test('a unit that restarts is waited for', () => {
  const checks = new Checks([{ kind: 'unit', unit: 'app' }]);
  const restarting = new Map([['app.service', state('loaded', 'activating', 'auto-restart', 'exit-code')]]);
  expect(checks.addUnits(restarting, true, 0)).toEqual([]);
  expect(checks.addUnits(restarting, true, 0)).toEqual([]);
});

test('the time when a check had passed is kept; for a unit, since when it is so', () => {
  const checks = new Checks([
    { kind: 'unit', unit: 'app' },
    { kind: 'journal', unit: 'app', count: 1 },
  ]);
  const active = new Map([['app.service', state('loaded', 'active', 'running')]]);
  checks.addUnits(active, false, 1000.4);
  checks.addUnits(active, false, 2000);
  checks.addLine(line('app.service', 'x'), 2500);
  expect(checks.states.map(({ after }) => after)).toEqual([1000, 2500]);
  checks.addUnits(new Map([['app.service', state('loaded', 'inactive', 'dead')]]), false, 3000);
  checks.addUnits(active, false, 4000);
  expect(checks.states[0]?.after).toBe(4000);
});

test('a check has its own time limit, and what comes later does not count', () => {
  const checks = new Checks([{ kind: 'journal', unit: 'app', count: 1, timeout: 5 }]);
  expect(checks.late(5000)).toEqual([]);
  expect(checks.late(5001)).toEqual(['app.service printed 0 of 1 lines within 5 s']);
  checks.addLine(line('app.service', 'x'), 5001);
  expect(checks.passed(5001)).toBe(false);
});

test('ports, files and commands, commands last, until they have passed', () => {
  const checks = new Checks([
    { kind: 'command', command: 'true', exitCode: 0 },
    { kind: 'port', port: 22 },
  ]);
  expect(checks.units).toEqual([]);
  const [port, command] = checks.probes(0) as [ProbeState, ProbeState];
  expect([port.check.kind, command.check.kind]).toEqual(['port', 'command']);
  checks.addProbe(command, { code: 1, output: 'no\n' }, 1000);
  expect(checks.missing()).toEqual([
    'not true: "true" ends with 0 (exit code 1; no)',
    'not true: port 22 is listened on (not looked at yet)',
  ]);
  checks.addProbe(command, { code: 0, output: '' }, 2000);
  expect(checks.probes(2000)).toEqual([port]);
});

describe('a check that may fail', () => {
  const failing: BootCheck = { kind: 'command', command: 'false', exitCode: 0, mayFail: true };
  const once = (check: BootCheck, now: number): Checks => {
    const checks = new Checks([check]);
    for (const probe of checks.probes(0)) checks.addProbe(probe, { code: 1, output: '' }, now);
    return checks;
  };

  test('is looked at once, is reported, and fails nothing', () => {
    expect(new Checks([failing]).passed(1000)).toBe(false);
    const checks = once(failing, 1000);
    expect(checks.passed(1000)).toBe(true);
    expect(checks.late(1e9)).toEqual([]);
    expect(checks.missing()).toEqual(['not true: "false" ends with 0 (exit code 1) (may fail)']);
  });

  test('with a time limit of its own is waited for until then', () => {
    const checks = once({ ...failing, timeout: 10 }, 1000);
    expect(checks.passed(10_000)).toBe(false);
    expect(checks.passed(10_001)).toBe(true);
  });

  test('ends no test when its unit has failed', () => {
    const checks = new Checks([{ kind: 'unit', unit: 'app', mayFail: true }]);
    const failed = new Map([['app.service', state('loaded', 'failed', 'failed', 'exit-code')]]);
    for (const now of [0, 2000]) expect(checks.addUnits(failed, true, now)).toEqual([]);
    expect(checks.passed(2000)).toBe(true);
  });
});

test('a check that is none is refused', () => {
  expect(() => new Checks([{ kind: 'unit', unit: '' }])).toThrow(
    expect.objectContaining({ code: 'BOOT_CHECK_INVALID' }),
  );
});
