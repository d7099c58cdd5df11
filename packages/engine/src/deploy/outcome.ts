import { AvocadoError, saysDiskFull } from '../error';
import type { DeviceResult } from './device';

/** An enabled unit of an extension that changed, as systemd names its states. */
export interface UnitState {
  name: string;
  /** `active`, `inactive`: of a unit that has done its work and ended. */
  active: string;
  /** `running`, `dead`, `exited`, `listening`, ... */
  sub: string;
}

/** What the device says of a switch, one fact a line. */
export interface Outcome {
  result?: 'done' | 'rolled-back' | 'failed';
  /** Extensions whose image is another than before, or that came or went. */
  changed: string[];
  units: UnitState[];
  /** Ids of images that it removed. */
  removed: string[];
  /** Why it was rolled back, one thing a line. */
  problems: string[];
  /** The last lines of the failed units' journal. */
  journal: string[];
}

export function parseOutcome(text: string): Outcome {
  const outcome: Outcome = { changed: [], units: [], removed: [], problems: [], journal: [] };
  for (const line of text.split('\n')) {
    const [word = '', first = '', active = '', sub = ''] = line.split(' ');
    const rest = line.slice(word.length + 1);
    if (word === 'outcome') outcome.result = first as Required<Outcome>['result'];
    else if (word === 'changed') outcome.changed.push(first);
    else if (word === 'unit') outcome.units.push({ name: first, active, sub });
    else if (word === 'removed') outcome.removed.push(first);
    else if (word === 'problem') outcome.problems.push(rest);
    else if (word === 'journal') outcome.journal.push(rest);
  }
  return outcome;
}

/** avocadoctl's exit code where the device is not as the plan took it to be: ask it again. */
export const staleCode = 75;

/** Why the device did not take the runtime. */
export function deployFailure(name: string, { code, stderr }: DeviceResult, outcome: Outcome): AvocadoError {
  const output = [...outcome.problems, ...outcome.journal, stderr.trim()].filter((line) => line !== '').join('\n');
  if (outcome.result === 'rolled-back') {
    return new AvocadoError(
      'DEPLOY_ROLLED_BACK',
      `${name} runs what it ran before: ${outcome.problems[0] ?? 'unknown'}`,
      {
        output,
        hint: 'Nothing of the new runtime is active. All of the journal is on the device: journalctl -b -u avocado-deploy and of the unit.',
      },
    );
  }
  if (outcome.result === 'failed') {
    return new AvocadoError('DEPLOY_FAILED', `${name} could not go back to what it ran before`, {
      output,
      hint: 'Its active runtime is still the one before: reboot it.',
    });
  }
  if (saysDiskFull(stderr)) {
    return new AvocadoError('DEVICE_FULL', `no space is left on /var of ${name}`, {
      output,
      hint: 'Nothing was changed. Free some space there: df -h /var.',
    });
  }
  return new AvocadoError('DEPLOY_FAILED', `${name} did not take the runtime (exit code ${code})`, {
    output,
    hint: 'It runs what it ran before. Deploy again; if that does not help: journalctl -b -u avocado-deploy on the device.',
  });
}
