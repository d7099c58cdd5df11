import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AvocadoError } from '../error';
import type { SdkDescriptor } from '../feed/types';
import { openDisk } from '../runtime';
import type { SdkRoot } from '../sdk/types';
import { sha256, storePath, verifyManifest } from '../store';
import type { QemuOptions, TaskContext, TaskOutput } from '../task';
import { chooseAccelerator } from './accelerator';
import { checkForwards, freePort, parseForwards } from './forward';
import { machineModel } from './machine';
import type { VmOptions } from './vm';
import { openSnapshot } from './warm';

/** A disk on this machine and the parts for a direct kernel boot; paths are the host's. */
export interface BootDisk {
  path: string;
  kernel: string;
  initramfs: string;
  cmdline: string;
}

/** A machine that is ready to be started; what a task does with it is left open. */
export type PreparedVm = Omit<VmOptions, 'onConsole' | 'credentials' | 'isolated'>;

/** Everything that a machine needs on this host: checks first, then the emulator, the disk and the accelerator. */
export async function prepareVm(task: string, options: QemuOptions, context: TaskContext): Promise<PreparedVm> {
  machineModel(options.machine);
  const forwards = parseForwards(options.hostFwd);
  checkSize(options);
  await checkForwards(forwards, context);
  const emulator = await openEmulator(options.sdk, context);
  const disk = await openDisk(options.provision, context);
  const fileTools = (): Promise<SdkRoot> => context.openRoot(disk.recipe.tools);
  const prepared = await prepareDisk(task, { ...options, forwards, fileTools }, emulator, disk, context);
  if (!options.warm) return prepared;
  return { ...prepared, warm: { directory: await openSnapshot(prepared, disk.recipe, context), resumed: true } };
}

let started = 0;

/**
 * As `prepareVm`, for a machine of which several run side by side: each has a log of its own, and ports of this machine
 * that the system chooses.
 * @param ports of the guest
 */
export async function prepareSideBySide(
  task: string,
  options: Omit<QemuOptions, 'hostFwd'>,
  ports: number[],
  context: TaskContext,
): Promise<PreparedVm> {
  const prepared = await prepareVm(`${task}-${process.pid}-${++started}`, { ...options, hostFwd: [] }, context);
  // A container's ports must be known when it starts.
  const choose = (): Promise<number> => (context.runner.kind === 'docker' ? freePort() : Promise.resolve(0));
  const forwards = ports.map(async (guestPort) => ({ hostPort: await choose(), guestAddress: '', guestPort }));
  return { ...prepared, forwards: await Promise.all(forwards) };
}

/** As `prepareVm`, for a disk and an emulator that are there already. */
export async function prepareDisk(
  task: string,
  options: Pick<VmOptions, 'forwards' | 'fileTools'> & Omit<QemuOptions, 'hostFwd' | 'sdk' | 'provision'>,
  emulator: SdkRoot,
  disk: BootDisk,
  { runner, reporter, workspaceRoot }: Pick<TaskContext, 'runner' | 'reporter' | 'workspaceRoot'>,
): Promise<PreparedVm> {
  const { machine, mem, smp, forwards, runtimeName, fileTools } = options;
  const given = { emulator, runner, ...(fileTools && { fileTools }) };
  const accelerator = await chooseAccelerator({ ...given, machine, reporter, kernel: disk.kernel });
  // One name for a task in a workspace, so that running it again replaces its log.
  const key = sha256(`${workspaceRoot}\0${machine}`).slice(0, 8);
  return {
    ...{ ...given, machine, mem, smp, forwards, accelerator },
    name: runtimeName,
    disk: disk.path,
    boot: options.firmware
      ? { kind: 'firmware' }
      : { kind: 'kernel', kernel: disk.kernel, initramfs: disk.initramfs, cmdline: disk.cmdline },
    log: storePath('logs', `${task}-${runtimeName}-${key}.console.log`),
  };
}

async function openEmulator(sdk: TaskOutput, context: TaskContext): Promise<SdkRoot> {
  const directory = join(context.workspaceRoot, sdk.path);
  await verifyManifest(directory, sdk.task, ['sdk.json']);
  const descriptor = JSON.parse(await readFile(join(directory, 'sdk.json'), 'utf8')) as SdkDescriptor;
  if (descriptor.feed === 'avocado') {
    throw new AvocadoError('BOOT_TEST_UNSUPPORTED', 'a disk of the avocado feed has no boot test yet', {
      hint: "Boot it by the SDK's own vm: nx run <runtime>:qemu",
    });
  }
  const spec = descriptor.roots.emulator;
  if (!spec) {
    throw new AvocadoError('QEMU_EMULATOR_MISSING', `the SDK that ${sdk.task} describes has no emulator`, {
      hint: `Make it again: nx run ${sdk.task} --skip-nx-cache`,
    });
  }
  return context.openRoot(spec);
}

function checkSize({ mem, smp }: QemuOptions): void {
  const wrong = (option: string, value: number, meaning: string): AvocadoError =>
    new AvocadoError('QEMU_OPTION_INVALID', `--${option} ${value}: it is ${meaning}`);
  if (!Number.isInteger(mem) || mem < 128) throw wrong('mem', mem, 'a whole number of MiB, at least 128');
  if (!Number.isInteger(smp) || smp < 1 || smp > 64) throw wrong('smp', smp, 'a number of processors, 1 to 64');
}
