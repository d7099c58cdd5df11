import { join } from 'node:path';
import { AvocadoError } from '../error';
import type { BootTestOptions, TaskContext } from '../task';
import { Checks } from './checks';
import { plainText } from './console';
import { bootFailure } from './failure';
import { followCommand, journalLines } from './journal';
import { formatPhases, readPhases } from './phases';
import { prepareVm } from './prepare';
import type { PreparedVm } from './prepare';
import { probeCommand } from './probes';
import { askForArtifacts, failureDirectory, keepFailure, writeReport } from './report';
import type { BootReport } from './report';
import { startPrepared } from './start';
import { parseUnits, unitsCommand } from './unit-states';
import type { Vm } from './vm';

/** Milliseconds that the guest gets to power off. */
const powerOffLimit = 15_000;

/** Milliseconds between two looks at the guest: each costs an emulated one some tenths of a second. */
const pollInterval = 2000;

/**
 * Boots the disk that ships, as it is, and passes when every check has passed within the time limit. Writes
 * `report.json` and `junit.xml`; passes on the journal lines of the checked units as they arrive. The guest reaches no
 * network: a pass that is cached must not depend on it. What a failure left stands in `<output>-failed`, with the
 * journal, the console's record and the boot chart.
 * @throws AvocadoError `BOOT_TEST_FAILED`, `BOOT_TIMEOUT`, `BOOT_CHECK_INVALID`, `ABORTED`
 */
export async function bootTest(options: BootTestOptions, context: TaskContext): Promise<BootReport> {
  // Before anything is started.
  new Checks(options.checks);
  const vm = await prepareVm('boot-test', options, context);
  const output = join(context.workspaceRoot, options.outputPath);
  const report = await testBoot(vm, { ...options, failed: failureDirectory(output) }, context);
  await writeReport(output, vm.name, report);
  return report;
}

interface BootToTest extends Pick<BootTestOptions, 'checks' | 'timeout'> {
  /** Directory for what a failure leaves. */
  failed: string;
}

/** The boot test itself, on a machine that is ready to be started. */
export async function testBoot(
  prepared: PreparedVm,
  { checks: wanted, timeout, failed }: BootToTest,
  { reporter, signal }: Pick<TaskContext, 'reporter' | 'signal'>,
): Promise<BootReport> {
  const checks = new Checks(wanted);
  if (signal.aborted) throw new AvocadoError('ABORTED', `the boot test of ${prepared.name} was interrupted`);
  const step = reporter.step(`${prepared.warm ? 'resume' : 'boot'} ${prepared.name} (${prepared.accelerator})`);
  const vm = await startPrepared(prepared, { isolated: true }, signal);
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
    const observed = observe(vm, checks, firstLine, {
      timeout,
      onProgress: (text) => step.update(text),
      // A guest must not steer the terminal.
      onLine: (message) => reporter.output(plainText(message)),
    });
    const verdict = await Promise.race([observed, ending]);
    if (verdict === 'aborted') throw new AvocadoError('ABORTED', `the boot test of ${prepared.name} was interrupted`);
    const took = Math.round(performance.now() - vm.started);
    const { machine, boot, accelerator, name } = prepared;
    const seen = { version: 1 as const, machine, boot: boot.kind, accelerator, firstLine, took, checks: checks.states };
    if (verdict !== 'passed') {
      // Whoever interrupts it now does not want to wait for the guest.
      signal.addEventListener('abort', () => vm.kill(), { once: true });
      const error = await bootFailure(vm, checks, { verdict, timeout, name, kept: failed });
      const artifacts = verdict === 'exited' ? {} : await askForArtifacts(vm, name);
      const phases = verdict === 'exited' || prepared.warm ? {} : await readPhases(vm, 5000).catch(() => ({}));
      await vm.stop(0);
      const report = { ...seen, phases, failure: error.message };
      await keepFailure(failed, { name, report, artifacts, log: vm.log.path });
      throw error;
    }
    // Those of the snapshot's boot are none of this machine.
    const phases = prepared.warm ? {} : await readPhases(vm);
    step.done(formatPhases(phases));
    for (const missing of checks.missing()) reporter.warn(missing);
    // A machine that passes also powers off as it should; one that fails is just ended.
    await Promise.race([vm.stop(powerOffLimit), ending]);
    return { ...seen, phases };
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
    await vm.stop(0);
  }
}

/** How watching a boot ended; a list says what cannot pass any more. */
export type Verdict = 'passed' | 'timeout' | 'aborted' | 'exited' | string[];

interface Watching {
  /** Seconds for the whole test. */
  timeout: number;
  onProgress: (text: string) => void;
  onLine: (message: string) => void;
}

/** Feeds the checks until they have passed or cannot pass. Never ends when the guest says nothing. */
async function observe(
  vm: Vm,
  checks: Checks,
  firstLine: Record<string, number>,
  { timeout, onProgress, onLine }: Watching,
): Promise<Verdict> {
  const silent = (): Promise<never> => new Promise(() => undefined);
  const now = (): number => performance.now() - vm.started;
  const up = await vm.observer.run('cat /proc/uptime').catch(silent);
  const booted = now() - Number.parseFloat(up.output) * 1000;
  onProgress('systemd is up');
  let wake = (): void => undefined;
  if (checks.journalUnits.length > 0) {
    await vm.observer.run(followCommand(checks.journalUnits)).catch(silent);
    void (async () => {
      for await (const line of journalLines(vm.journal)) {
        firstLine[line.unit] ??= Math.round(booted + line.time * 1000);
        onLine(line.message);
        checks.addLine(line, now());
        if (checks.journalPassed) wake();
      }
    })().catch(() => undefined);
  }
  for (;;) {
    const answer = await vm.observer.run(unitsCommand(checks.units)).catch(silent);
    const { units, settled } = parseUnits(answer.output, checks.units);
    const hopeless = checks.addUnits(units, settled, now());
    // Before the boot's jobs are done, what is not there yet says nothing, and what is not yet gone neither.
    for (const state of settled ? checks.probes(now()) : []) {
      const limit = (state.check.timeout ?? timeout) * 1000 - now();
      if (limit <= 0) continue;
      checks.addProbe(
        state,
        await vm.observer.run(probeCommand(state.check, Math.ceil(limit / 1000))).catch(silent),
        now(),
      );
    }
    if (checks.passed(now())) return 'passed';
    const lost = [...hopeless, ...checks.late(now())];
    if (lost.length > 0) return lost;
    onProgress(checks.missing()[0] ?? '');
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, pollInterval);
      wake = () => (clearTimeout(timer), resolve());
    });
  }
}
