import type { SshOptions } from '../deploy/ssh';
import type { QemuOptions, TaskContext } from '../task';
import { prepareSideBySide } from './prepare';
import { startPrepared } from './start';
import type { Vm } from './vm';

const sshPort = 22;

/** A machine that is used as a device, over its SSH server. */
export interface DeviceVm {
  vm: Vm;
  /** How to reach it, once its SSH server is up. */
  ssh: SshOptions;
}

/**
 * Boots the runtime headless, its port 22 on a port of this machine that the system chooses. Its host key is made anew with each machine, and
 * nobody else answers on that port, so the key is not asked for.
 * @throws AvocadoError `QEMU_*`, `OUTPUT_*`
 */
export async function startDeviceVm(options: Omit<QemuOptions, 'hostFwd'>, context: TaskContext): Promise<DeviceVm> {
  const prepared = await prepareSideBySide('watch', options, [sshPort], context);
  // It goes on after a reboot, with what was deployed.
  const onReset = (): void => undefined;
  const vm = await startPrepared(prepared, { isolated: false, onReset }, context.signal);
  const port = await vm.hostPort(sshPort);
  const noFile = ['UserKnownHostsFile', 'GlobalKnownHostsFile'].map((name) => `${name}=/dev/null`);
  return {
    vm,
    ssh: { device: `root@127.0.0.1:${port}`, sshOptions: ['StrictHostKeyChecking=no', ...noFile, 'LogLevel=ERROR'] },
  };
}
