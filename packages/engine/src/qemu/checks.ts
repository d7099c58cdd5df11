import type { BootCheck } from '../task';
import { parseCheck } from './check-schema';
import { unitName } from './journal';
import type { JournalLine } from './journal';
import type { GuestResult } from './observer';
import { isProbe, judgeProbe } from './probes';
import type { Probe } from './probes';
import { hopeless } from './unit-states';
import type { UnitState } from './unit-states';

/** A check and what was seen of it; its form in the report. */
export interface CheckState {
  check: BootCheck;
  passed: boolean;
  /** Milliseconds from the start of QEMU until it had passed. */
  after?: number;
  /** What proves it, or what was seen instead: the unit's state, the first `count` lines that match, lines of output. */
  evidence: string[];
}

/** A port, file or command. */
export type ProbeState = CheckState & { check: Probe };

/** The checks of a boot test while the machine runs. Every time is in milliseconds from the start of QEMU. */
export class Checks {
  readonly states: CheckState[];
  private readonly matchers: ((message: string) => boolean)[];
  /** Units that can no longer come up, by name; those seen so twice running are believed. */
  private doomed = new Set<string>();
  /** What was looked at after the boot was done: no more is owed to one that may fail. */
  private readonly tried = new Set<CheckState>();

  /** @throws AvocadoError `BOOT_CHECK_INVALID` */
  constructor(checks: BootCheck[]) {
    this.states = checks.map((check) => ({ check: parseCheck(check), passed: false, evidence: [] }));
    this.matchers = this.states.map(({ check }) => matcher(check));
  }

  /** Units whose journal is needed. */
  get journalUnits(): string[] {
    return unique(this.states.flatMap(({ check }) => (check.kind === 'journal' ? [check.unit] : [])));
  }

  /** Every unit that a check names. */
  get units(): string[] {
    return unique(this.states.flatMap(({ check }) => (isProbe(check) ? [] : [check.unit])));
  }

  /** Nothing more is waited for. */
  passed(now: number): boolean {
    return this.states.every((state) => state.passed || (state.check.mayFail === true && this.hadItsTime(state, now)));
  }

  /** Journal checks come first: a unit's state is asked for when its lines are there, for it may fail meanwhile. */
  get journalPassed(): boolean {
    return this.states.every((state) => state.passed || state.check.kind !== 'journal');
  }

  addLine(line: JournalLine, now: number): void {
    this.states.forEach((state, index) => {
      const { check } = state;
      if (check.kind !== 'journal' || state.passed || unitName(check.unit) !== line.unit) return;
      if (!this.matchers[index]?.(line.message)) return;
      state.evidence.push(line.message);
      settle(state, state.evidence.length >= check.count, now);
    });
  }

  /**
   * @param settled the boot's jobs are done, so what is not there will not come
   * @returns the units of unpassed checks that cannot come up any more, each with its state
   */
  addUnits(units: Map<string, UnitState>, settled: boolean, now: number): string[] {
    const lost = new Map<string, string>();
    for (const state of this.states) {
      const { check } = state;
      if (isProbe(check)) continue;
      const name = unitName(check.unit);
      const unit = units.get(name);
      if (!unit) continue;
      if (check.kind === 'unit') {
        settle(state, unit.active === 'active', now);
        state.evidence = [`${unit.active} (${unit.sub})`];
      }
      if (settled) this.tried.add(state);
      const why = settled && !state.passed && !check.mayFail ? hopeless(name, unit) : undefined;
      if (why !== undefined) lost.set(name, why);
    }
    const certain = [...lost].filter(([name]) => this.doomed.has(name)).map(([, text]) => text);
    this.doomed = new Set(lost.keys());
    return certain;
  }

  /** Ports, files and commands to look at, commands last: one that hangs leaves the others known. */
  probes(now: number): ProbeState[] {
    const open = this.states.filter((state): state is ProbeState => isProbe(state.check) && !state.passed);
    const due = open.filter((state) => !isLate(state.check, now));
    return due.sort((a, b) => Number(a.check.kind === 'command') - Number(b.check.kind === 'command'));
  }

  addProbe(state: ProbeState, result: GuestResult, now: number): void {
    const { passed, evidence } = judgeProbe(state.check, result);
    settle(state, passed, now);
    state.evidence = evidence;
    this.tried.add(state);
  }

  /** Checks that must pass and whose own time is over, one line each. */
  late(now: number): string[] {
    return this.states
      .filter(({ check, passed }) => !passed && !check.mayFail && isLate(check, now))
      .map((state) => `${missingOf(state)} within ${state.check.timeout} s`);
  }

  /** What has not been seen, one line a check. */
  missing(): string[] {
    return this.states
      .filter((state) => !state.passed)
      .map((state) => `${missingOf(state)}${state.check.mayFail ? ' (may fail)' : ''}`);
  }

  private hadItsTime(state: CheckState, now: number): boolean {
    return state.check.timeout === undefined ? this.tried.has(state) : isLate(state.check, now);
  }
}

function isLate({ timeout }: BootCheck, now: number): boolean {
  return timeout !== undefined && now > timeout * 1000;
}

/** What comes after the check's own time does not count. */
function settle(state: CheckState, seen: boolean, now: number): void {
  if (seen && !state.passed && isLate(state.check, now)) return;
  if (seen && !state.passed) state.after = Math.round(now);
  if (!seen) delete state.after;
  state.passed = seen;
}

/** What a check asks for, in words: `port 22 is listened on`. */
export function checkName(check: BootCheck): string {
  switch (check.kind) {
    case 'unit':
      return `${unitName(check.unit)} is active`;
    case 'journal':
      return `${unitName(check.unit)} prints ${check.count === 1 ? 'a line' : `${check.count} lines`}${linesThat(check)}`;
    case 'port':
      return `port ${check.port} ${check.pattern === undefined ? 'is listened on' : `answers /${check.pattern}/`}`;
    case 'file':
      if (check.absent) return `${check.path} is absent`;
      return `${check.path} ${check.pattern === undefined ? 'exists' : `matches /${check.pattern}/`}`;
    case 'command': {
      const printed = check.pattern === undefined ? '' : ` and prints /${check.pattern}/`;
      return `${JSON.stringify(check.command)} ends with ${check.exitCode}${printed}`;
    }
  }
}

/** What was seen instead of what an unpassed check asks for. */
export function missingOf({ check, evidence }: CheckState): string {
  if (check.kind === 'unit') return `${unitName(check.unit)} is ${evidence[0] ?? 'not known yet'}, not active`;
  if (check.kind === 'journal') {
    return `${unitName(check.unit)} printed ${evidence.length} of ${check.count} lines${linesThat(check)}`;
  }
  return `not true: ${checkName(check)} (${evidence.join('; ') || 'not looked at yet'})`;
}

function linesThat({ pattern, jsonKeys }: Extract<BootCheck, { kind: 'journal' }>): string {
  const wanted = [
    ...(pattern === undefined ? [] : [`match /${pattern}/`]),
    ...(jsonKeys === undefined ? [] : [`are JSON with ${jsonKeys.join(', ')}`]),
  ].join(' and ');
  return wanted && ` that ${wanted}`;
}

function matcher(check: BootCheck): (message: string) => boolean {
  if (check.kind !== 'journal') return () => false;
  const pattern = check.pattern === undefined ? undefined : new RegExp(check.pattern);
  const { jsonKeys } = check;
  return (message) =>
    (pattern === undefined || pattern.test(message)) && (jsonKeys === undefined || hasKeys(message, jsonKeys));
}

function hasKeys(message: string, keys: string[]): boolean {
  try {
    const value: unknown = JSON.parse(message);
    return value !== null && typeof value === 'object' && keys.every((key) => Object.hasOwn(value, key));
  } catch {
    return false;
  }
}

function unique(names: string[]): string[] {
  return [...new Set(names)];
}
