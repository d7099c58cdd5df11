import { AvocadoError } from '../error';

export type Accelerator = 'kvm' | 'tcg';

/** What QEMU needs to know of a machine target: one entry a board that QEMU can be. */
export interface MachineModel {
  program: string;
  /** Node's name of the architecture that KVM could run it on. */
  architecture: string;
  /** Value of `-machine`, by accelerator. */
  machine: string;
  cpu: Record<Accelerator, string>;
  /** Name of the first serial port in the guest's kernel. */
  console: string;
  /** Paths in the emulator root: code, and the template of the variables. */
  firmware: { code: string; variables: string };
  /** Firmware for direct kernel boot, which loads nothing else; QEMU's own where undefined. */
  loader?: string;
  /**
   * How credentials reach a guest whose kernel QEMU starts directly. SMBIOS tables are made by firmware, and arm's
   * direct boot has none.
   */
  directCredentials: 'smbios' | 'cmdline';
}

const models: Record<string, MachineModel> = {
  'qemux86-64': {
    program: 'qemu-system-x86_64',
    architecture: 'x64',
    machine: 'q35',
    // Under TCG every feature more is code more to emulate: kernels pick their widest SIMD and crypto routines by it.
    cpu: { kvm: 'host', tcg: 'Nehalem' },
    console: 'ttyS0',
    firmware: { code: '/usr/share/OVMF/OVMF_CODE_4M.fd', variables: '/usr/share/OVMF/OVMF_VARS_4M.fd' },
    directCredentials: 'smbios',
  },
  qemuarm64: {
    program: 'qemu-system-aarch64',
    architecture: 'arm64',
    machine: 'virt,gic-version=max',
    cpu: { kvm: 'host', tcg: 'cortex-a72' },
    console: 'ttyAMA0',
    firmware: { code: '/usr/share/AAVMF/AAVMF_CODE.no-secboot.fd', variables: '/usr/share/AAVMF/AAVMF_VARS.fd' },
    directCredentials: 'cmdline',
  },
};

/** @throws AvocadoError `QEMU_MACHINE_UNSUPPORTED` */
export function machineModel(machine: string): MachineModel {
  const model = Object.hasOwn(models, machine) ? models[machine] : undefined;
  if (!model) {
    throw new AvocadoError('QEMU_MACHINE_UNSUPPORTED', `QEMU cannot be a ${machine}`, {
      hint: `Only these machine targets run in QEMU: ${Object.keys(models).join(', ')}. Others need the board itself.`,
    });
  }
  return model;
}
