import { join } from 'node:path';
import { AvocadoError } from '../error';
import type { Verdict } from './boot-test';
import type { Checks } from './checks';
import { unitName } from './journal';
import { shellQuote } from '../sdk';
import { panicked } from './vm';
import type { Vm, VmExit } from './vm';

/** Lines of the serial console, and of each unit's journal, that a failure shows. */
const shownLines = 15;
/** Milliseconds that a guest gets to say what went wrong. */
const diagnosisLimit = 10_000;

interface Failure {
  verdict: Exclude<Verdict, 'passed' | 'aborted'>;
  /** Seconds. */
  timeout: number;
  name: string;
  /** Directory that the caller keeps the journal and the rest in. */
  kept?: string;
}

/** Asks the guest what went wrong while it still runs. Never throws, never takes longer than its limit. */
export async function bootFailure(
  vm: Vm,
  checks: Checks,
  { verdict, timeout, name, kept }: Failure,
): Promise<AvocadoError> {
  const running = verdict !== 'exited';
  const guest = running && vm.observer.alive ? await diagnose(vm, checks) : '';
  const parts = [
    ['not passed', checks.missing().join('\n')],
    ['', guest],
    ['serial console', vm.log.tail(shownLines)],
    ['QEMU', running ? '' : howItEnded(await vm.exited)],
  ];
  return new AvocadoError(
    verdict === 'timeout' ? 'BOOT_TIMEOUT' : 'BOOT_TEST_FAILED',
    why(name, verdict, timeout, vm),
    {
      output: parts
        .filter(([, text]) => text?.trim())
        .map(([title, text]) => (title ? `${title}:\n${indent(text ?? '')}` : text))
        .join('\n'),
      log: kept === undefined ? vm.log.path : join(kept, 'console.log'),
      hint: `${kept === undefined ? '' : `The journal, the boot chart and junit.xml are in ${kept}. `}Boot it by hand and look: nx run ${name}:qemu`,
    },
  );
}

function why(name: string, verdict: Failure['verdict'], timeout: number, vm: Vm): string {
  if (Array.isArray(verdict)) return `the boot test of ${name} failed: ${verdict.join('; ')}`;
  if (verdict === 'timeout') {
    // The observer is a unit, made by systemd-debug-generator of systemd 256 and newer (observer.ts).
    const silent = vm.observer.alive ? '' : '; systemd never came up, or it makes no units of credentials';
    return `the boot test of ${name} did not pass within ${timeout} s${silent}`;
  }
  const panic = vm.log.includes(panicked) ? ': the kernel panicked' : '';
  return `the machine ${name} stopped before its boot test had passed${panic}`;
}

async function diagnose(vm: Vm, checks: Checks): Promise<string> {
  const journals = checks.units.map((unit) => {
    const name = shellQuote(unitName(unit));
    return `echo "journal of "${name}:; journalctl -b -u ${name} -n ${shownLines} -o cat -q --no-pager | sed 's/^/  /'`;
  });
  const failed = "echo 'failed units:'; systemctl list-units --failed --plain --no-legend --no-pager | sed 's/^/  /'";
  try {
    return (await vm.observer.run([failed, ...journals].join('; '), diagnosisLimit)).output.trimEnd();
  } catch {
    return 'the guest no longer answers';
  }
}

function howItEnded({ code, reason, errors }: VmExit): string {
  return [...(reason === undefined ? [] : [`reason: ${reason}`]), `exit code: ${code ?? 'a signal'}`, errors].join(
    '\n',
  );
}

function indent(text: string): string {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => `  ${line}`)
    .join('\n');
}
