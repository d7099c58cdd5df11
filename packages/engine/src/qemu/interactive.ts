import { AvocadoError } from '../error';
import type { QemuOptions, TaskContext } from '../task';
import type { Forward } from './forward';
import { prepareVm } from './prepare';
import type { PreparedVm } from './prepare';
import { startPrepared } from './start';
import { attachTerminal } from './terminal';
import type { Terminal } from './terminal';
import { panicked } from './vm';
import type { VmExit } from './vm';

export interface InteractiveOptions {
  /**
   * Called once when the guest has come up, with an address that leads to it: `ssh://root@127.0.0.1:2222` where its
   * port 22 is forwarded.
   */
  onReady?: (url: string) => unknown;
  /** The process's own standard input and output unless given. */
  terminal?: Terminal;
}

/** Milliseconds that the guest gets to power off: after Ctrl-C, and when Nx ends the task, which kills 5 s later. */
const powerOffLimit = { typed: 20_000, signal: 3_000 };

/**
 * Boots the runtime with its console on the terminal, until the guest powers off, Ctrl-C, or `context.signal`.
 * @throws AvocadoError `QEMU_GUEST_PANICKED`, `QEMU_FAILED`
 */
export async function runQemu(
  options: QemuOptions,
  context: TaskContext,
  interactive: InteractiveOptions = {},
): Promise<VmExit> {
  return runConsole(await prepareVm('qemu', options, context), context, interactive);
}

/** The same on a machine that is ready to be started. */
export async function runConsole(
  prepared: PreparedVm,
  { reporter, signal }: Pick<TaskContext, 'reporter' | 'signal'>,
  { onReady, terminal = { input: process.stdin, output: process.stdout } }: InteractiveOptions,
): Promise<VmExit> {
  if (signal.aborted) throw new AvocadoError('ABORTED', `${prepared.name} was interrupted before it was started`);
  reporter.info(
    `${prepared.name} starts. Ctrl-C powers it off, Ctrl-A x ends it at once, Ctrl-A Ctrl-C interrupts in it.`,
  );
  const vm = await startPrepared(prepared, { isolated: false }, signal);
  // Its login was printed before the snapshot: it is printed again.
  if (prepared.warm) vm.console.write('\r');
  const powerOff = (limit: number): void => void vm.stop(limit);
  const onSignal = (): void => powerOff(powerOffLimit.signal);
  let stopping = false;
  const detach = attachTerminal(terminal, vm.console, (action) => {
    if (action === 'power-off') reporter.info(`\r\npowering ${prepared.name} off`);
    // Whoever asks twice does not want to wait.
    if (action === 'quit' || stopping) vm.kill();
    else powerOff(powerOffLimit.typed);
    stopping = true;
  });
  signal.addEventListener('abort', onSignal);
  if (signal.aborted) onSignal();
  const ready = vm.observer.run('systemctl is-system-running --wait').then(
    () => onReady?.(addressOf(prepared)),
    () => undefined,
  );
  try {
    const exit = await vm.exited;
    if (exit.reason === undefined && exit.code !== 0 && !stopping && !signal.aborted) {
      throw new AvocadoError(
        'QEMU_FAILED',
        `QEMU ended with ${exit.code === null ? 'a signal' : `code ${exit.code}`}`,
        {
          output: exit.errors,
          log: vm.log.path,
        },
      );
    }
    if (vm.log.includes(panicked)) {
      throw new AvocadoError('QEMU_GUEST_PANICKED', `the kernel of ${prepared.name} panicked`, {
        output: vm.log.tail(15),
        log: vm.log.path,
      });
    }
    if (exit.reason === 'guest-reset') reporter.notice(`${prepared.name} rebooted; it is not started again`);
    return exit;
  } finally {
    detach();
    signal.removeEventListener('abort', onSignal);
    await ready;
  }
}

function addressOf({ forwards, name }: { forwards: Forward[]; name: string }): string {
  const ssh = forwards.find(({ guestPort }) => guestPort === 22);
  if (ssh) return `ssh://root@127.0.0.1:${ssh.hostPort}`;
  const [first] = forwards;
  return first ? `tcp://127.0.0.1:${first.hostPort}` : `qemu://${name}`;
}
