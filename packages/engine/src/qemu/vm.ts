import { mkdirSync } from 'node:fs';
import type { Duplex } from 'node:stream';
import { AvocadoError } from '../error';
import type { Mount, SdkProcess, SdkRoot, SdkRunner } from '../sdk/types';
import { storePath } from '../store';
import { qemuArguments } from './arguments';
import type { Channel, QemuPlan } from './arguments';
import { ConsoleLog } from './console';
import { forwardedPort } from './forward';
import { makeLinks } from './links';
import { loadState, saveState } from './migration';
import type { Links } from './links';
import { Observer } from './observer';
import { Qmp } from './qmp';
import type { QmpEvent } from './qmp';
import { closed } from './sockets';

/** What a kernel prints when it cannot go on. */
export const panicked = 'Kernel panic';

/** Where things are inside the emulator's sandbox. */
const inside = '/run/avocado';

/** A snapshot's machine state, as QEMU sees it. */
const stateFile = `${inside}/warm/state`;

/** A machine to start: the plan less what only the sandbox knows. Paths are the host's. */
export interface VmOptions extends Omit<QemuPlan, 'sockets' | 'forwardAddress' | 'reboots' | 'memory'> {
  emulator: SdkRoot;
  /** `SdkCommand.fileTools`: the emulator's root has hardly more than QEMU. */
  fileTools?: () => Promise<SdkRoot>;
  runner: SdkRunner;
  /** Name for messages: `dev`. */
  name: string;
  /** File for the serial console's record. */
  log: string;
  /** Gets what the serial console prints, as it comes. */
  onConsole?: (chunk: Buffer) => void;
  /** Given, the machine goes on after a reboot, and this is told of each. A kernel that panics still ends it. */
  onReset?: () => void;
  /** Directory of a snapshot (warm.ts): the machine is made from it, or it from the machine, by `save`. */
  warm?: { directory: string; resumed: boolean };
}

/** How a machine ended. `guest-shutdown`, `guest-reset`, `host-qmp-quit`, ...: QEMU's ShutdownCause. */
export interface VmExit {
  code: number | null;
  reason?: string;
  /** What QEMU itself said. */
  errors: string;
  /** Why it could not be started at all. */
  error?: Error;
}

/** A running machine. It does not outlive this process: the sandbox dies with its parent. */
export interface Vm {
  console: Duplex;
  journal: Duplex;
  observer: Observer;
  log: ConsoleLog;
  /** `performance.now()` when QEMU was started. */
  started: number;
  exited: Promise<VmExit>;
  /** Resets the machine as its button would: the guest loses what is not on its disk. */
  reset(): Promise<void>;
  /** Writes the snapshot of `warm`; the machine stands still then. */
  save(): Promise<void>;
  /** The port of this machine's loopback that leads to a forwarded one of the guest. */
  hostPort(guestPort: number): Promise<number | undefined>;
  /**
   * Asks the guest to power off, then QEMU to quit, then kills. The guest is asked once; calling it again with less
   * patience ends it sooner.
   * @param limit milliseconds for the guest; 0 does not ask it
   */
  stop(limit: number): Promise<VmExit>;
  /** Ends QEMU at once. */
  kill(): void;
}

/**
 * Starts QEMU from the emulator root and waits until it listens.
 * @throws AvocadoError `QEMU_FAILED` when QEMU ends before that
 */
export async function startVm(options: VmOptions): Promise<Vm> {
  const { plan, mounts } = placeFiles(options);
  const links = await makeLinks(options.runner, inside);
  const log = new ConsoleLog(options.log);
  try {
    const scratch = storePath('work', 'qemu');
    mkdirSync(scratch, { recursive: true });
    const child = options.runner.spawn(
      {
        root: options.emulator,
        argv: qemuArguments({ ...plan, ...links.plan, reboots: options.onReset !== undefined }),
        // QEMU's file for the guest's writes: unlinked while open, so nothing is left of it even after a SIGKILL.
        env: { TMPDIR: `${inside}/scratch` },
        mounts: [
          ...mounts,
          ...(links.command.mounts ?? []),
          { source: scratch, target: `${inside}/scratch`, writable: true, returns: 'nothing' },
        ],
        ...(links.command.channels && { channels: links.command.channels }),
        ...(options.fileTools && { fileTools: options.fileTools }),
        // The host's ports and the world outside are reached through the host's network.
        network: !plan.isolated || plan.forwards.length > 0,
        ports: plan.forwards.map(({ hostPort }) => hostPort),
        devices: plan.accelerator === 'kvm' ? ['/dev/kvm'] : [],
        label: `QEMU of ${options.name}`,
      },
      'pipe',
    );
    return await attach(child, options, links, log);
  } catch (error) {
    links.remove();
    await log.close();
    throw error;
  } finally {
    links.close();
  }
}

async function attach(child: SdkProcess, options: VmOptions, links: Links, log: ConsoleLog): Promise<Vm> {
  let started = performance.now();
  let reason: string | undefined;
  let errors = '';
  const open: Duplex[] = [];
  child.stdin?.end();
  child.stdout?.resume();
  child.stderr?.on('data', (chunk: Buffer) => (errors = (errors + chunk.toString()).slice(-8192)));
  const exited = new Promise<VmExit>((resolve) => {
    child.once('error', (error) => {
      links.remove();
      resolve({ code: null, errors: error.message, error });
    });
    child.once('close', (code) => {
      links.remove();
      // QEMU's last event and the console's last bytes may still be on their way through the sockets.
      void settledWithin(Promise.all(open.map(closed)), 500)
        .then(() => log.close())
        .then(() => resolve({ code, ...(reason === undefined ? {} : { reason }), errors }));
    });
  });
  const ended = exited.then((exit) => Promise.reject(failure(exit)));
  ended.catch(() => undefined);
  const connected = async (channel: Channel): Promise<Duplex> => {
    const socket = await Promise.race([links.connection(child, channel), ended]);
    socket.on('error', () => undefined);
    open.push(socket);
    return socket;
  };
  let observer: Observer | undefined;
  const onEvent = ({ event, data }: QmpEvent): void => {
    if (event === 'SHUTDOWN') reason = String(data?.['reason']);
    if (event !== 'RESET') return;
    if (log.includes(panicked)) child.kill('SIGKILL');
    observer?.reset();
    options.onReset?.();
  };
  try {
    const console = await connected('console');
    // Before it a container was started, and files were sent.
    if (options.runner.kind === 'docker') started = performance.now();
    console.on('data', (chunk: Buffer) => {
      log.add(chunk);
      options.onConsole?.(chunk);
    });
    const journal = await connected('journal');
    const guest = new Observer(await connected('observer'));
    observer = guest;
    // A QEMU that ends closes its sockets first: what it said of the reason comes with its end.
    const qmp = await Qmp.open(await connected('qmp'), onEvent).catch(() => (child.kill('SIGKILL'), ended));
    if (options.warm?.resumed) {
      await loadState(qmp, stateFile);
      // The shell behind it was there before.
      guest.greet();
    }
    let asked: Promise<void> | undefined;
    const stop = async (limit: number): Promise<VmExit> => {
      if (limit > 0) asked ??= askToPowerOff({ qmp, observer: guest }, limit);
      return endWithin({ child, qmp, exited }, limit);
    };
    const kill = (): void => void child.kill('SIGKILL');
    const save = (): Promise<void> => saveState(qmp, stateFile);
    const reset = async (): Promise<void> => void (await qmp.execute('system_reset'));
    const hostPort = async (port: number): Promise<number | undefined> => {
      const given = options.forwards.find(({ guestPort }) => guestPort === port)?.hostPort;
      if (given !== 0) return given;
      return forwardedPort(
        String(await qmp.execute('human-monitor-command', { 'command-line': 'info usernet' })),
        port,
      );
    };
    return { console, journal, observer: guest, log, started, exited, save, reset, hostPort, stop, kill };
  } catch (error) {
    child.kill('SIGKILL');
    await exited;
    throw error;
  }
}

/** The power button needs logind in the guest; a guest that the observer reaches needs nothing. */
async function askToPowerOff({ qmp, observer }: { qmp: Qmp; observer: Observer }, limit: number): Promise<void> {
  const asked = observer.alive
    ? observer.run('systemctl --no-block poweroff', limit)
    : qmp.execute('system_powerdown', undefined, limit);
  await asked.catch(() => undefined);
}

async function endWithin(vm: { child: SdkProcess; qmp: Qmp; exited: Promise<VmExit> }, limit: number): Promise<VmExit> {
  if (await settledWithin(vm.exited, limit)) return vm.exited;
  await vm.qmp.execute('quit', undefined, 1000).catch(() => undefined);
  if (!(await settledWithin(vm.exited, 1000))) vm.child.kill('SIGKILL');
  return vm.exited;
}

async function settledWithin(promise: Promise<unknown>, milliseconds: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => (timer = setTimeout(() => resolve(false), milliseconds)));
  try {
    return await Promise.race([promise.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}

function failure(exit: VmExit): AvocadoError {
  if (exit.error instanceof AvocadoError) return exit.error;
  return new AvocadoError('QEMU_FAILED', `QEMU ended at once${exit.code === null ? '' : ` with code ${exit.code}`}`, {
    output: exit.errors,
    hint: 'Fewer MiB of --mem, another --host-fwd port, or sdk-install again if a file is missing.',
  });
}

/** Host paths become mounts at fixed places, so that QEMU's arguments name nothing of this machine. */
function placeFiles(options: VmOptions): { plan: QemuPlan; mounts: Mount[] } {
  const mounts: Mount[] = [];
  const place = (source: string, name: string): string => {
    mounts.push({ source, target: `${inside}/${name}` });
    return `${inside}/${name}`;
  };
  const { boot, disk, runner, warm } = options;
  if (warm) mounts.push({ source: warm.directory, target: `${inside}/warm`, writable: !warm.resumed });
  return {
    plan: {
      ...options,
      // A container has a network of its own, whose ports this machine's loopback leads to.
      ...(runner.kind === 'docker' && { forwardAddress: '0.0.0.0' }),
      ...(warm && { memory: { file: `${inside}/warm/memory`, resumed: warm.resumed } }),
      ...(disk === undefined ? {} : { disk: place(disk, 'disk.raw') }),
      boot:
        boot.kind === 'firmware'
          ? boot
          : {
              ...boot,
              kernel: place(boot.kernel, 'kernel'),
              ...(boot.initramfs === undefined ? {} : { initramfs: place(boot.initramfs, 'initramfs') }),
            },
    },
    mounts,
  };
}
