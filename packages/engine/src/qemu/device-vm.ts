import type { SshOptions } from '../deploy/ssh';
import type { QemuOptions, TaskContext } from '../task';
import { freePort } from './forward';
import { observerCredentials } from './observer';
import { prepareVm } from './prepare';
import { startVm } from './vm';
import type { Vm } from './vm';

/** A machine that is used as a device, over its SSH server. */
export interface DeviceVm {
  vm: Vm;
  /** How to reach it, once its SSH server is up. */
  ssh: SshOptions;
}

/**
 * Boots the runtime headless, its port 22 on a free port of this machine. Its host key is made anew with each machine, and
 * nobody else answers on that port, so the key is not asked for.
 * @throws AvocadoError `QEMU_*`, `OUTPUT_*`
 */
export async function startDeviceVm(options: Omit<QemuOptions, 'hostFwd'>, context: TaskContext): Promise<DeviceVm> {
  const port = await freePort();
  const prepared = await prepareVm('watch', { ...options, hostFwd: [`${port}-:22`] }, context);
  const vm = await startVm({ ...prepared, isolated: false, credentials: observerCredentials() });
  const noFile = ['UserKnownHostsFile', 'GlobalKnownHostsFile'].map((name) => `${name}=/dev/null`);
  return {
    vm,
    ssh: { device: `root@127.0.0.1:${port}`, sshOptions: ['StrictHostKeyChecking=no', ...noFile, 'LogLevel=ERROR'] },
  };
}
