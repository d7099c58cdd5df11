import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { AvocadoError } from '../error';
import { replaceDirectory, writeFileAtomic, writeManifest } from '../store';
import type { BootTestOptions, TaskContext } from '../task';
import { Checks, parseUnits, unitsCommand } from './checks';
import type { CheckState } from './checks';
import { plainText } from './console';
import { bootFailure } from './failure';
import { followCommand, journalLines } from './journal';
import { observerCredentials } from './observer';
import { formatPhases, parsePhases, phasesCommand } from './phases';
import type { BootPhases } from './phases';
import { prepareVm } from './prepare';
import type { PreparedVm } from './prepare';
import { startVm } from './vm';
import type { Vm } from './vm';

/** `report.json`: how a passed boot test went. Times are milliseconds; none is a date. */
export interface BootReport {
  version: 1;
  machine: string;
  boot: 'kernel' | 'firmware';
  accelerator: 'kvm' | 'tcg';
  phases: BootPhases;
  /** By unit: from QEMU's start to the first journal line that a check asked for. */
  firstLine: Record<string, number>;
  checks: CheckState[];
}

/** Milliseconds that the guest gets to power off. */
const powerOffLimit = 15_000;

/** Milliseconds between two looks at the units: each costs an emulated guest some tenths of a second. */
const pollInterval = 2000;

/**
 * Boots the disk that ships, as it is, and passes when every check has passed within the time limit. Writes
 * `report.json`; passes on the journal lines of the checked units as they arrive. The guest reaches no network: a pass
 * that is cached must not depend on it.
 * @throws AvocadoError `BOOT_TEST_FAILED`, `BOOT_TIMEOUT`, `BOOT_CHECK_INVALID`, `ABORTED`
 */
export async function bootTest(options: BootTestOptions, context: TaskContext): Promise<BootReport> {
  // Before anything is started.
  new Checks(options.checks);
  const vm = await prepareVm('boot-test', options, context);
  const report = await testBoot(vm, options, context);
  const output = join(context.workspaceRoot, options.outputPath);
  await replaceDirectory(output, async (directory) => {
    await mkdir(directory, { recursive: true });
    await writeFileAtomic(join(directory, 'report.json'), `${JSON.stringify(report, null, 2)}\n`);
    await writeManifest(directory, ['report.json']);
  });
  return report;
}

/** The boot test itself, on a machine that is ready to be started. */
export async function testBoot(
  prepared: PreparedVm,
  { checks: wanted, timeout }: Pick<BootTestOptions, 'checks' | 'timeout'>,
  { reporter, signal }: Pick<TaskContext, 'reporter' | 'signal'>,
): Promise<BootReport> {
  const checks = new Checks(wanted);
  if (signal.aborted) throw new AvocadoError('ABORTED', `the boot test of ${prepared.name} was interrupted`);
  const step = reporter.step(`boot ${prepared.name} (${prepared.accelerator})`);
  const vm = await startVm({ ...prepared, isolated: true, credentials: observerCredentials() });
  let timer: NodeJS.Timeout | undefined;
  let abort = (): void => undefined;
  const firstLine: Record<string, number> = {};
  try {
    const ending = new Promise<Verdict>((resolve) => {
      timer = setTimeout(() => resolve('timeout'), timeout * 1000);
      abort = () => resolve('aborted');
      signal.addEventListener('abort', abort);
      void vm.exited.then(() => resolve('exited'));
    });
    const verdict = await Promise.race([
      observe(vm, checks, firstLine, {
        onProgress: (text) => step.update(text),
        // A guest must not steer the terminal.
        onLine: (message) => reporter.output(plainText(message)),
      }),
      ending,
    ]);
    if (verdict === 'aborted') throw new AvocadoError('ABORTED', `the boot test of ${prepared.name} was interrupted`);
    if (verdict !== 'passed') throw await bootFailure(vm, checks, { verdict, timeout, name: prepared.name });
    const phases = await readPhases(vm);
    step.done(formatPhases(phases));
    // A machine that passes also powers off as it should; one that fails is just ended.
    await Promise.race([vm.stop(powerOffLimit), ending]);
    return {
      version: 1,
      machine: prepared.machine,
      boot: prepared.boot.kind,
      accelerator: prepared.accelerator,
      ...{ phases, firstLine, checks: checks.states },
    };
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
    await vm.stop(0);
  }
}

/** How watching a boot ended; a list names the units that cannot come up any more. */
export type Verdict = 'passed' | 'timeout' | 'aborted' | 'exited' | string[];

/** Feeds the checks until they have passed or cannot pass. Never ends when the guest says nothing. */
async function observe(
  vm: Vm,
  checks: Checks,
  firstLine: Record<string, number>,
  { onProgress, onLine }: { onProgress: (text: string) => void; onLine: (message: string) => void },
): Promise<Verdict> {
  const silent = (): Promise<never> => new Promise(() => undefined);
  const up = await vm.observer.run('cat /proc/uptime').catch(silent);
  const booted = performance.now() - vm.started - Number.parseFloat(up.output) * 1000;
  onProgress('systemd is up');
  let wake = (): void => undefined;
  if (checks.journalUnits.length > 0) {
    await vm.observer.run(followCommand(checks.journalUnits)).catch(silent);
    void (async () => {
      for await (const line of journalLines(vm.journal)) {
        firstLine[line.unit] ??= Math.round(booted + line.time * 1000);
        onLine(line.message);
        checks.addLine(line);
        if (checks.journalPassed) wake();
      }
    })().catch(() => undefined);
  }
  for (;;) {
    const answer = await vm.observer.run(unitsCommand(checks.units)).catch(silent);
    const { units, settled } = parseUnits(answer.output, checks.units);
    const hopeless = checks.addUnits(units, settled);
    if (checks.passed) return 'passed';
    if (hopeless.length > 0) return hopeless;
    onProgress(checks.missing()[0] ?? '');
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, pollInterval);
      wake = () => (clearTimeout(timer), resolve());
    });
  }
}

async function readPhases(vm: Vm): Promise<BootPhases> {
  const { output } = await vm.observer.run(phasesCommand, 15_000);
  return parsePhases(output, performance.now() - vm.started);
}
