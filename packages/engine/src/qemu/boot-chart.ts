import { AvocadoError } from '../error';
import { writeFileAtomic } from '../store';
import type { QemuOptions, TaskContext } from '../task';
import { composeChart } from './chart';
import { observerCredentials } from './observer';
import { formatPhases, readPhases } from './phases';
import type { BootPhases } from './phases';
import { prepareVm } from './prepare';
import { startVm } from './vm';
import type { Vm } from './vm';

export interface BootChartOptions extends QemuOptions {
  /** Where the chart is written, absolute. */
  file: string;
  /** Seconds that the boot may take. */
  timeout: number;
}

/** Milliseconds that the guest gets to draw: an emulated one needs some seconds. */
const plotLimit = 60_000;

/**
 * Boots the disk that ships until its jobs are done, and writes a chart of where the time went: the phases up to
 * systemd, and what systemd-analyze(1) knows of every unit.
 * @throws AvocadoError `BOOT_TIMEOUT`, `BOOT_CHART_UNAVAILABLE`, `BOOT_TEST_FAILED` when the machine stops, `ABORTED`
 */
export async function bootChart(options: BootChartOptions, context: TaskContext): Promise<BootPhases> {
  const { reporter, signal } = context;
  const prepared = await prepareVm('boot-chart', options, context);
  if (signal.aborted) throw new AvocadoError('ABORTED', `the boot chart of ${prepared.name} was interrupted`);
  const step = reporter.step(`boot ${prepared.name} (${prepared.accelerator})`);
  const vm = await startVm({ ...prepared, isolated: true, credentials: observerCredentials() });
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
    step.update('draw the chart');
    const phases = await readPhases(vm);
    const chart = composeChart(prepared.name, phases, await readPlot(vm));
    await writeFileAtomic(options.file, chart);
    step.done(formatPhases(phases));
    return phases;
  } finally {
    signal.removeEventListener('abort', abort);
    await vm.stop(0);
  }
}

/**
 * What systemd-analyze(1) of the guest draws of its own boot, as SVG.
 * @throws AvocadoError `BOOT_CHART_UNAVAILABLE`, `GUEST_SILENT`
 */
export async function readPlot(vm: Vm): Promise<string> {
  const { code, output } = await vm.observer.run('systemd-analyze plot', plotLimit);
  if (code === 0 && output.includes('<svg')) return output;
  const hint =
    code === 127
      ? 'The OS image has no systemd-analyze; it is part of the package systemd.'
      : 'The chart can be drawn when all jobs of the boot are done: systemctl list-jobs names those that are not.';
  throw new AvocadoError('BOOT_CHART_UNAVAILABLE', 'the device draws no chart of its boot', { output, hint });
}
