import { channelPaths } from '../sdk';
import { commandLine, commandLineCredentials, smbiosArguments } from './credentials';
import type { Credential } from './credentials';
import type { Forward } from './forward';
import { machineModel } from './machine';
import type { Accelerator, MachineModel } from './machine';

/** Everything that decides QEMU's arguments. Paths are those inside the emulator's sandbox. */
export interface QemuPlan {
  /** Machine target: `qemux86-64`. */
  machine: string;
  accelerator: Accelerator;
  /** MiB. */
  mem: number;
  smp: number;
  /** Raw disk image; read only, the guest's writes go to an unlinked file in TMPDIR. */
  disk?: string;
  boot: { kind: 'kernel'; kernel: string; initramfs?: string; cmdline: string } | { kind: 'firmware' };
  forwards: Forward[];
  /** Where QEMU listens for them: 127.0.0.1, unless it has a network of its own. */
  forwardAddress?: string;
  /** The guest reaches nothing outside but by `forwards`. */
  isolated: boolean;
  /** The machine goes on after a reboot, with what was written to its disk; without it a reboot ends QEMU. */
  reboots?: boolean;
  /** A file that is the guest's memory, for a snapshot (warm.ts). Where it is `resumed`, what the guest writes is QEMU's alone. */
  memory?: { file: string; resumed: boolean };
  /** Directory with the sockets that QEMU connects to: see `channels`. Without it, QEMU has these as open descriptors. */
  sockets?: string;
  credentials: Credential[];
}

/** The sockets by which this process talks to QEMU and the guest; all are listened on before QEMU starts. */
export const channels = ['console', 'qmp', 'observer', 'journal'] as const;
export type Channel = (typeof channels)[number];

/** Name of a guest's virtio port: `/dev/virtio-ports/<name>`. */
export const portName = (channel: 'observer' | 'journal'): string => `org.avocado.${channel}`;

/** QEMU's whole command line, program first. Pure. */
export function qemuArguments(plan: QemuPlan): string[] {
  const model = machineModel(plan.machine);
  return [
    model.program,
    // Nothing but what stands here: no devices by default, no configuration of the machine it runs on.
    ...['-nodefaults', '-no-user-config', '-display', 'none', '-name', `avocado-${plan.machine}`],
    ...['-machine', plan.memory ? `${model.machine},memory-backend=memory` : model.machine],
    ...['-accel', plan.accelerator === 'kvm' ? 'kvm' : 'tcg,thread=multi'],
    ...['-cpu', model.cpu[plan.accelerator], '-m', `${plan.mem}M`, '-smp', String(plan.smp)],
    ...memoryArguments(plan),
    // A guest that reboots (a panic does, too) ends QEMU: no endless loop of boots.
    ...['-action', `reboot=${plan.reboots ? 'reset' : 'shutdown'},shutdown=poweroff`],
    ...channels.flatMap((channel) => ['-chardev', chardev(channel, plan)]),
    ...['-serial', 'chardev:console', '-mon', 'chardev=qmp,mode=control'],
    ...bootArguments(plan, model),
    ...diskArguments(plan),
    ...networkArguments(plan),
    ...['-device', 'virtio-rng-pci'],
    ...['-device', 'virtio-serial-pci'],
    ...(['observer', 'journal'] as const).flatMap((channel) => [
      '-device',
      `virtserialport,chardev=${channel},name=${portName(channel)}`,
    ]),
  ];
}

function memoryArguments({ memory, mem }: QemuPlan): string[] {
  if (!memory) return [];
  const use = memory.resumed ? 'share=off,readonly=on,rom=off' : 'share=on';
  return [
    ...['-object', `memory-backend-file,id=memory,size=${mem}M,mem-path=${memory.file},${use}`],
    ...(memory.resumed ? ['-incoming', 'defer'] : []),
  ];
}

function chardev(channel: Channel, { sockets }: QemuPlan): string {
  if (sockets !== undefined) return `socket,id=${channel},path=${sockets}/${channel}.sock`;
  const { input, output } = channelPaths(channels, channel);
  // Without `append` QEMU would cut off what is there.
  return `file,id=${channel},path=${output},input-path=${input},append=on`;
}

/** What QEMU adds to the kernel's command line; the disk's own stays as a board would get it. */
function kernelParameters(accelerator: Accelerator): string[] {
  return [
    // Reboot at once, which ends QEMU.
    'panic=-1',
    // An emulated processor speculates nothing, and emulating the guards takes half of the boot's time.
    ...(accelerator === 'tcg' ? ['mitigations=off'] : []),
  ];
}

function bootArguments({ boot, credentials, accelerator }: QemuPlan, model: MachineModel): string[] {
  const parameters = kernelParameters(accelerator);
  if (boot.kind === 'firmware') {
    const flash = [`${model.firmware.code},readonly=on`, `${model.firmware.variables},snapshot=on`];
    return [
      ...flash.flatMap((file, unit) => ['-drive', `if=pflash,unit=${unit},format=raw,file=${file}`]),
      ...['-smbios', `type=11,value=io.systemd.stub.kernel-cmdline-extra=${parameters.join(' ')}`],
      ...smbiosArguments(credentials),
    ];
  }
  const added = commandLineCredentials(model, credentials);
  return [
    ...(model.loader === undefined ? [] : ['-bios', model.loader]),
    ...['-kernel', boot.kernel],
    ...(boot.initramfs === undefined ? [] : ['-initrd', boot.initramfs]),
    ...['-append', commandLine([boot.cmdline.trim(), ...parameters, ...added])],
    ...(model.directCredentials === 'smbios' ? smbiosArguments(credentials) : []),
  ];
}

function diskArguments({ disk }: QemuPlan): string[] {
  if (disk === undefined) return [];
  return [
    // `report`: by default QEMU pauses a guest for ever when the file of its writes has no space left.
    ...['-drive', `if=none,id=disk,format=raw,file=${disk},snapshot=on,werror=report`],
    // 0 is taken by the kernel that QEMU starts directly.
    ...['-device', 'virtio-blk-pci,drive=disk,bootindex=1'],
  ];
}

function networkArguments({ forwards, forwardAddress = '127.0.0.1', isolated }: QemuPlan): string[] {
  const forwarded = forwards.map(
    ({ hostPort, guestAddress, guestPort }) =>
      `,hostfwd=tcp:${forwardAddress}:${hostPort}-${guestAddress}:${guestPort}`,
  );
  return [
    ...['-netdev', `user,id=net${isolated ? ',restrict=on' : ''}${forwarded.join('')}`],
    // No option ROM: nothing boots from the network, and loading it takes time.
    ...['-device', 'virtio-net-pci,netdev=net,romfile='],
  ];
}
