import type { Vm } from './vm';

/** Milliseconds of each phase of a boot, in order; what is not known is left out. */
export interface BootPhases {
  /** From QEMU's start to the kernel's. */
  firmware?: number;
  /** To the first process of the initramfs. */
  kernel?: number;
  /** To systemd in the OS image. */
  initrd?: number;
  /** To the default target; absent where the test ended before that. */
  userspace?: number;
}

/**
 * Shell command for the observer that prints what `parsePhases` reads. The journal's own time of a kernel message is
 * when journald got it, long after the kernel printed it.
 */
const phasesCommand =
  "journalctl -b -k -o json --output-fields=_SOURCE_MONOTONIC_TIMESTAMP -g '^Run .* as init process' -n 1 -q; " +
  'cat /proc/uptime; ' +
  'systemctl show -p UserspaceTimestampMonotonic -p InitRDTimestampMonotonic -p FinishTimestampMonotonic';

/**
 * @param sinceStart milliseconds between QEMU's start and the moment of the answer, on the host's clock
 */
export function parsePhases(output: string, sinceStart: number): BootPhases {
  const microseconds = (pattern: RegExp): number | undefined => {
    const value = Number(pattern.exec(output)?.[1] ?? 0);
    // 0 is systemd's way to say that there was no such moment.
    return value === 0 ? undefined : value / 1000;
  };
  const uptime = /^(\d+\.\d+) \d+\.\d+$/m.exec(output)?.[1];
  const init =
    microseconds(/^InitRDTimestampMonotonic=(\d+)$/m) ?? microseconds(/"_SOURCE_MONOTONIC_TIMESTAMP":"(\d+)"/);
  const userspace = microseconds(/^UserspaceTimestampMonotonic=(\d+)$/m);
  const finish = microseconds(/^FinishTimestampMonotonic=(\d+)$/m);
  const phases = {
    firmware: uptime === undefined ? undefined : sinceStart - Number(uptime) * 1000,
    kernel: init ?? userspace,
    initrd: difference(userspace, init),
    userspace: difference(finish, userspace),
  };
  return Object.fromEntries(
    Object.entries(phases).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, Math.max(0, Math.round(value))]],
    ),
  );
}

/**
 * Of a machine that runs.
 * @param limit milliseconds for the answer
 * @throws AvocadoError `GUEST_SILENT`
 */
export async function readPhases(vm: Vm, limit = 15_000): Promise<BootPhases> {
  const { output } = await vm.observer.run(phasesCommand, limit);
  return parsePhases(output, performance.now() - vm.started);
}

/** `firmware 0.8 s, kernel 2.9 s, initrd 0.6 s, userspace 9.1 s` */
export function formatPhases(phases: BootPhases): string {
  return Object.entries(phases)
    .map(([name, milliseconds]) => `${name} ${((milliseconds as number) / 1000).toFixed(1)} s`)
    .join(', ');
}

function difference(end: number | undefined, start: number | undefined): number | undefined {
  return end === undefined || start === undefined ? undefined : end - start;
}
