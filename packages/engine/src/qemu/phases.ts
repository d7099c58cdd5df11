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

/** Shell command for the observer that prints what `parsePhases` reads. */
export const phasesCommand =
  "journalctl -b -k -o short-monotonic -g '^Run .* as init process' -n 1 --no-pager -q; cat /proc/uptime; " +
  'systemctl show -p UserspaceTimestampMonotonic -p InitRDTimestampMonotonic -p FinishTimestampMonotonic';

/**
 * @param sinceStart milliseconds between QEMU's start and the moment of the answer, on the host's clock
 */
export function parsePhases(output: string, sinceStart: number): BootPhases {
  const microseconds = (name: string): number | undefined => {
    const value = Number(new RegExp(`^${name}=(\\d+)$`, 'm').exec(output)?.[1] ?? 0);
    return value === 0 ? undefined : value / 1000;
  };
  const seconds = (pattern: RegExp): number | undefined => {
    const value = pattern.exec(output)?.[1];
    return value === undefined ? undefined : Number(value) * 1000;
  };
  const up = seconds(/^(\d+\.\d+) \d+\.\d+$/m);
  const init = microseconds('InitRDTimestampMonotonic') ?? seconds(/^\[\s*(\d+\.\d+)\]/m);
  const userspace = microseconds('UserspaceTimestampMonotonic');
  const finish = microseconds('FinishTimestampMonotonic');
  const phases = {
    firmware: up === undefined ? undefined : sinceStart - up,
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

/** `firmware 0.8 s, kernel 2.9 s, initrd 0.6 s, userspace 9.1 s` */
export function formatPhases(phases: BootPhases): string {
  return Object.entries(phases)
    .map(([name, milliseconds]) => `${name} ${((milliseconds as number) / 1000).toFixed(1)} s`)
    .join(', ');
}

function difference(end: number | undefined, start: number | undefined): number | undefined {
  return end === undefined || start === undefined ? undefined : end - start;
}
