import { AvocadoError } from '../error';
import { machine as machineOf, machineNames } from '../feed/data';

export type Accelerator = 'kvm' | 'tcg';

/** What QEMU needs to know of a machine target, from its file in the feed. */
export interface MachineModel {
  program: string;
  /** Node's name of the architecture that KVM could run it on. */
  architecture: string;
  /** Value of `-machine`. */
  machine: string;
  cpu: Record<Accelerator, string>;
  /** Name of the first serial port in the guest's kernel. */
  console: string;
  /** Paths in the emulator root: code, and the template of the variables. */
  firmware: { code: string; variables: string };
  /** Firmware for direct kernel boot, which loads nothing else; QEMU's own where undefined. */
  loader?: string;
  /** How credentials reach a guest whose kernel QEMU starts directly. */
  directCredentials: 'smbios' | 'cmdline';
}

/** @throws AvocadoError `QEMU_MACHINE_UNSUPPORTED` */
export function machineModel(name: string): MachineModel {
  const known = machineNames().includes(name) ? machineOf(name) : undefined;
  if (!known?.emulator) {
    const able = machineNames().filter((other) => machineOf(other).emulator);
    throw new AvocadoError('QEMU_MACHINE_UNSUPPORTED', `QEMU cannot be a ${name}`, {
      hint: `Only these machine targets run in QEMU: ${able.join(', ')}. Others need the board itself.`,
    });
  }
  const { program, machine, cpu, firmware, loader, directCredentials } = known.emulator;
  return {
    ...{ program, machine, directCredentials },
    architecture: known.architecture === 'amd64' ? 'x64' : 'arm64',
    cpu: { kvm: 'host', tcg: cpu },
    console: known.kernel.console,
    firmware: { code: `/${firmware.code}`, variables: `/${firmware.variables}` },
    ...(loader !== undefined && { loader }),
  };
}
