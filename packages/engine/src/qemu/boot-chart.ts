import { AvocadoError } from '../error';
import { writeFileAtomic } from '../store';
import type { QemuOptions, TaskContext } from '../task';
import { bootChartSvg } from './chart';
import { readPhases } from './phases';
import { prepareVm } from './prepare';
import { startPrepared } from './start';
import { parseUnitTimes, unitTimesCommand } from './unit-times';
import type { Vm } from './vm';

export interface BootChartOptions extends QemuOptions {
  /** Where the chart is written, absolute. */
  file: string;
  /** Seconds that the boot may take. */
  timeout: number;
}

/** Milliseconds that the guest gets to tell the times of its units: an emulated one needs seconds. */
const answerLimit = 60_000;

/**
 * Boots the disk that ships until its jobs are done, and writes a chart of where the time went: the phases up to
 * systemd, and every unit.
 * @throws AvocadoError `BOOT_TIMEOUT` also when the machine stops, `ABORTED`
 */
export async function bootChart(options: BootChartOptions, context: TaskContext): Promise<void> {
  const { reporter, signal } = context;
  const prepared = await prepareVm('boot-chart', options, context);
  if (signal.aborted) throw new AvocadoError('ABORTED', `the boot chart of ${prepared.name} was interrupted`);
  const step = reporter.step(`boot ${prepared.name} (${prepared.accelerator})`);
  const vm = await startPrepared(prepared, { isolated: true }, signal);
  const abort = (): void => vm.kill();
  signal.addEventListener('abort', abort);
  try {
    const booted = vm.observer.run('systemctl is-system-running --wait', options.timeout * 1000);
    await booted.catch(() => {
      if (signal.aborted) throw new AvocadoError('ABORTED', `the boot chart of ${prepared.name} was interrupted`);
      throw new AvocadoError('BOOT_TIMEOUT', `${prepared.name} had not booted after ${options.timeout} s`, {
        output: vm.log.tail(15),
        log: vm.log.path,
      });
    });
    await writeFileAtomic(options.file, await readBootChart(vm, prepared.name));
    step.done(options.file);
  } finally {
    signal.removeEventListener('abort', abort);
    await vm.stop(0);
  }
}

/**
 * A chart of the boot of a running machine, as SVG, as far as it has come.
 * @param name of the runtime
 * @throws AvocadoError `GUEST_SILENT`
 */
export async function readBootChart(vm: Vm, name: string): Promise<string> {
  const phases = await readPhases(vm);
  const { output } = await vm.observer.run(unitTimesCommand, answerLimit);
  return bootChartSvg(name, phases, parseUnitTimes(output));
}
