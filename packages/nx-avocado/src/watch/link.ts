import { setTimeout as delay } from 'node:timers/promises';
import { openSshDevice } from '@nx-avocado/engine/deploy';
import type { Device, SshOptions } from '@nx-avocado/engine/deploy';
import { AvocadoError } from '@nx-avocado/engine/error';
import { startDeviceVm } from '@nx-avocado/engine/qemu';
import type { DeviceVm } from '@nx-avocado/engine/qemu';
import type { QemuOptions, TaskContext } from '@nx-avocado/engine/task';

/** Milliseconds between two tries to connect. */
const pause = 1000;

/** Milliseconds that a machine gets to power off. */
const powerOffLimit = 3000;

/** What passes by itself: a device that boots, a cable that is pulled. */
const passing = ['DEVICE_UNREACHABLE', 'DEVICE_CONNECTION_LOST'];

/** Where the device is: one that the user names, or a machine that is started here. */
export type Where = { kind: 'device'; ssh: SshOptions } | { kind: 'vm'; options: Omit<QemuOptions, 'hostFwd'> };

/** Keeps a device at hand: starts the machine, connects, and connects again after a reboot or when the machine died. */
export class Link {
  private vm: DeviceVm | undefined;

  constructor(
    private readonly where: Where,
    private readonly task: TaskContext,
  ) {}

  /**
   * Connects. Waits for a device that does not answer yet as long as it takes; other failures are the caller's.
   * @throws AvocadoError `DEVICE_*`, `QEMU_*`, `WATCH_VM_ENDED`, `ABORTED`
   */
  async open(): Promise<Device> {
    const { reporter, signal } = this.task;
    let step;
    let ssh: SshOptions;
    if (this.where.kind === 'device') ssh = this.where.ssh;
    else {
      if (!this.vm) {
        step = reporter.step(`boot ${this.where.options.runtimeName}`);
        this.vm = await startDeviceVm(this.where.options, this.task);
        const started = this.vm;
        void started.vm.exited.then(() => this.vm === started && (this.vm = undefined));
      }
      ssh = this.vm.ssh;
    }
    for (let said = false; ;) {
      try {
        const device = await openSshDevice(ssh, { signal });
        step?.done();
        return device;
      } catch (error) {
        if (!(error instanceof AvocadoError) || !passing.includes(error.code)) throw error;
        if (this.where.kind === 'vm' && !this.vm) {
          throw new AvocadoError('WATCH_VM_ENDED', 'the machine ended before its SSH server answered', {
            hint: 'Has the runtime an SSH server, such as avocado-ext-sshd-dev? `nx run <runtime>:qemu` shows its console.',
          });
        }
        if (!said && this.where.kind === 'device') reporter.notice(`${ssh.device} does not answer yet; waiting for it`);
        said = true;
        step?.update('waiting for its SSH server');
      }
      await delay(pause, undefined, { signal });
    }
  }

  /** Ends the machine, if it is one of ours: the next `open` boots what is built then. */
  async end(): Promise<void> {
    const { vm } = this;
    this.vm = undefined;
    await vm?.vm.stop(powerOffLimit);
  }

  get isMachine(): boolean {
    return this.where.kind === 'vm';
  }
}
