import { AvocadoError } from '../error';
import { shellQuote } from '../sdk';
import type { BootCheck } from '../task';
import { unitName } from './journal';
import type { JournalLine } from './journal';

/** What systemd knows of a unit (org.freedesktop.systemd1(5)). */
export interface UnitState {
  load: string;
  active: string;
  sub: string;
  result: string;
}

/** A check and what was seen of it; its form in the report. */
export interface CheckState {
  check: BootCheck;
  passed: boolean;
  /** What proves it: the unit's state, or the first `count` lines that match. */
  evidence: string[];
}

/** The checks of a boot test while the machine runs: fed with journal lines and unit states. */
export class Checks {
  readonly states: CheckState[];
  private readonly matchers: ((message: string) => boolean)[];
  /** Units that can no longer come up, by name; those seen so twice running are believed. */
  private doomed = new Set<string>();

  /** @throws AvocadoError `BOOT_CHECK_INVALID` */
  constructor(checks: BootCheck[]) {
    this.states = checks.map((check) => ({ check, passed: false, evidence: [] }));
    this.matchers = checks.map(matcher);
  }

  /** Units whose journal is needed. */
  get journalUnits(): string[] {
    return unique(this.states.flatMap(({ check }) => (check.kind === 'journal' ? [check.unit] : [])));
  }

  /** Every unit that a check names. */
  get units(): string[] {
    return unique(this.states.map(({ check }) => check.unit));
  }

  get passed(): boolean {
    return this.states.every((state) => state.passed);
  }

  /** Journal checks come first: a unit's state is asked for when its lines are there, for it may fail meanwhile. */
  get journalPassed(): boolean {
    return this.states.every((state) => state.passed || state.check.kind !== 'journal');
  }

  addLine(line: JournalLine): void {
    this.states.forEach((state, index) => {
      const { check } = state;
      if (check.kind !== 'journal' || state.passed || unitName(check.unit) !== line.unit) return;
      if (!this.matchers[index]?.(line.message)) return;
      state.evidence.push(line.message);
      state.passed = state.evidence.length >= check.count;
    });
  }

  /**
   * @param settled the boot's jobs are done, so what is not there will not come
   * @returns the units of unpassed checks that cannot come up any more, each with its state
   */
  addUnits(units: Map<string, UnitState>, settled: boolean): string[] {
    const hopeless = new Map<string, string>();
    for (const state of this.states) {
      const name = unitName(state.check.unit);
      const unit = units.get(name);
      if (!unit) continue;
      const text = `${unit.active} (${unit.sub})`;
      if (state.check.kind === 'unit') {
        state.passed = unit.active === 'active';
        state.evidence = [text];
      }
      if (state.passed || !settled) continue;
      if (unit.load !== 'loaded') hopeless.set(name, `${name}: ${unit.load}`);
      else if (unit.active === 'failed') hopeless.set(name, `${name}: failed (${unit.result})`);
    }
    const certain = [...hopeless].filter(([name]) => this.doomed.has(name)).map(([, text]) => text);
    this.doomed = new Set(hopeless.keys());
    return certain;
  }

  /** What has not been seen, one line a check. */
  missing(): string[] {
    return this.states.filter((state) => !state.passed).map(describe);
  }
}

function describe({ check, evidence }: CheckState): string {
  if (check.kind === 'unit') return `${unitName(check.unit)} is ${evidence[0] ?? 'not known yet'}, not active`;
  const wanted = [
    ...(check.pattern === undefined ? [] : [`match /${check.pattern}/`]),
    ...(check.jsonKeys === undefined ? [] : [`are JSON with ${check.jsonKeys.join(', ')}`]),
  ].join(' and ');
  return `${unitName(check.unit)} printed ${evidence.length} of ${check.count} lines${wanted && ` that ${wanted}`}`;
}

function matcher(check: BootCheck): (message: string) => boolean {
  if (!/^[A-Za-z0-9:_.\\@-]+$/.test(check.unit)) throw invalid(check, 'that is no name of a unit');
  if (check.kind === 'unit') return () => false;
  if (!Number.isInteger(check.count) || check.count < 1) throw invalid(check, `count ${check.count} is not 1 or more`);
  const pattern = check.pattern === undefined ? undefined : compile(check, check.pattern);
  const { jsonKeys } = check;
  return (message) =>
    (pattern === undefined || pattern.test(message)) && (jsonKeys === undefined || hasKeys(message, jsonKeys));
}

function compile(check: BootCheck, pattern: string): RegExp {
  try {
    return new RegExp(pattern);
  } catch (error) {
    throw invalid(check, (error as Error).message);
  }
}

function hasKeys(message: string, keys: string[]): boolean {
  try {
    const value: unknown = JSON.parse(message);
    return value !== null && typeof value === 'object' && keys.every((key) => Object.hasOwn(value, key));
  } catch {
    return false;
  }
}

function invalid(check: BootCheck, why: string): AvocadoError {
  return new AvocadoError('BOOT_CHECK_INVALID', `boot check of unit "${check.unit}": ${why}`, {
    hint: 'A check names a unit, and for its journal a regular expression, JSON keys and a count.',
  });
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

function unique(names: string[]): string[] {
  return [...new Set(names)];
}
