import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AvocadoError } from '../error';
import type { Reporter } from '../report';
import type { SdkRoot, SdkRunner } from '../sdk/types';
import { sha256, storePath, withLock, writeFileAtomic } from '../store';
import { machineModel } from './machine';
import type { Accelerator } from './machine';
import { startVm } from './vm';

/** Milliseconds that a guest has to show that KVM works; where it does, it takes less than one second. */
const probeLimit = 6000;

/** What the kernel prints when it has come up, under `root=none`: it proves that a guest ran all the way. */
const evidence = 'Unable to mount root fs';

export interface ProbeResult {
  accelerator: Accelerator;
  /** Why not KVM. */
  reason?: string;
  /** There is no device yet: not kept. */
  missing?: true;
}

interface ProbeOptions {
  machine: string;
  emulator: SdkRoot;
  /** As for `startVm`. */
  fileTools?: () => Promise<SdkRoot>;
  runner: SdkRunner;
  /** Host path of the kernel that the machine will boot. */
  kernel: string;
  reporter: Reporter;
}

/**
 * KVM where a guest boots under it, TCG elsewhere, with one line of notice.
 *
 * A /dev/kvm that opens is no proof: there are hosts where the guest then hangs or dies (DESIGN section 5). So a kernel
 * is booted without a root, once for each host kernel and emulator; the result is kept in the store.
 */
export async function chooseAccelerator(options: ProbeOptions): Promise<Accelerator> {
  const { accelerator, reason } = await probe(options);
  if (reason !== undefined) options.reporter.notice(`no KVM (${reason}): the machine runs under TCG, which is slower`);
  return accelerator;
}

async function probe(options: ProbeOptions): Promise<ProbeResult> {
  const { architecture } = machineModel(options.machine);
  const { kind } = options.runner;
  const host = await options.runner.host();
  if (architecture !== host.architecture) return tcg(`${options.machine} is not of this machine's architecture`);
  // A container has what the daemon may open on its own machine.
  const denied = kind === 'docker' ? undefined : await openFailure('/dev/kvm');
  if (denied !== undefined) return tcg(`/dev/kvm: ${denied}`);
  const key = sha256(['2', kind, host.name, host.kernel, options.emulator.digest].join('\0')).slice(0, 16);
  const cache = storePath('work', `accelerator-${key}.json`);
  return withLock(storePath('locks', `accelerator-${key}`), async () => {
    const known = await readResult(cache);
    if (known) return known;
    const step = options.reporter.step('probe KVM by booting a kernel');
    const result = await bootUnderKvm(options);
    step.done(result.accelerator === 'kvm' ? 'it works' : result.reason);
    if (result.missing) return result;
    await writeFileAtomic(cache, `${JSON.stringify(result)}\n`);
    return result;
  });
}

async function bootUnderKvm({ machine, emulator, fileTools, runner, kernel }: ProbeOptions): Promise<ProbeResult> {
  let proven = (): void => undefined;
  const shown = new Promise<'shown'>((resolve) => (proven = () => resolve('shown')));
  const timer = { handle: undefined as NodeJS.Timeout | undefined };
  const late = new Promise<'late'>((resolve) => (timer.handle = setTimeout(() => resolve('late'), probeLimit)));
  try {
    const vm = await startVm({
      ...{ machine, emulator, runner, name: 'the KVM probe', accelerator: 'kvm', mem: 256, smp: 2 },
      boot: { kind: 'kernel', kernel, cmdline: `console=${machineModel(machine).console} root=none` },
      ...(fileTools && { fileTools }),
      ...{ forwards: [], isolated: true, credentials: [] },
      log: storePath('logs', join(`kvm-probe-${machine}.log`)),
      onConsole: () => undefined,
    });
    vm.console.on('data', () => vm.log.includes(evidence) && proven());
    const first = await Promise.race([shown, vm.exited.then(() => 'ended' as const), late]);
    const exit = await vm.stop(0);
    if (first === 'shown' || vm.log.includes(evidence)) return { accelerator: 'kvm' };
    if (first === 'late') return tcg(`/dev/kvm opens, but a guest hung for ${probeLimit / 1000} s`);
    return tcg(`/dev/kvm opens, but a guest died${exit.errors === '' ? '' : `: ${firstLine(exit.errors)}`}`);
  } catch (error) {
    if (error instanceof AvocadoError && error.code === 'DOCKER_DEVICE_MISSING') {
      return { ...tcg('/dev/kvm: there is none'), missing: true };
    }
    return tcg(`/dev/kvm opens, but QEMU does not start with it: ${firstLine((error as Error).message)}`);
  } finally {
    clearTimeout(timer.handle);
  }
}

function tcg(reason: string): ProbeResult {
  return { accelerator: 'tcg', reason };
}

function firstLine(text: string): string {
  return text.trim().split('\n')[0] ?? '';
}

async function openFailure(path: string): Promise<string | undefined> {
  try {
    await (await open(path, 'r+')).close();
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'there is none' : 'it may not be opened';
  }
}

async function readResult(path: string): Promise<ProbeResult | undefined> {
  try {
    const result = JSON.parse(await readFile(path, 'utf8')) as ProbeResult;
    return result.accelerator === 'kvm' || result.accelerator === 'tcg' ? result : undefined;
  } catch {
    return undefined;
  }
}
