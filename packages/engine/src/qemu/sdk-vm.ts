import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { openSdk } from '../compile/open-sdk';
import { AvocadoError } from '../error';
import { unpackProvisioned } from '../runtime';
import { announceContainerArgs, scriptEnvironment } from '../sdk';
import type { SdkCommand, SdkStdio } from '../sdk';
import { storePath, withTemporaryDirectory } from '../store';
import type { SdkVmOptions, TaskContext } from '../task';
import { checkForwards, parseForwards } from './forward';

/**
 * Boots a runtime of the avocado feed by the SDK's own `vm`, on a copy of its disk that is thrown away, until that ends.
 * @throws AvocadoError `QEMU_FAILED`, `QEMU_DISK_MISSING`, `QEMU_FORWARD_INVALID`, `WARM_UNSUPPORTED`
 */
export async function runSdkVm(options: SdkVmOptions, context: TaskContext, stdio: SdkStdio): Promise<void> {
  const { machine, runtimeName, mem, smp, hostFwd, containerArgs } = options;
  const { reporter, runner, signal } = context;
  if (options.warm) {
    throw new AvocadoError('WARM_UNSUPPORTED', "the SDK's vm is not resumed from a snapshot", {
      hint: 'Boot it without --warm.',
    });
  }
  const forwards = parseForwards(hostFwd);
  await checkForwards(forwards, context);
  const sdk = await openSdk(machine, options.sdk, context);
  await mkdir(storePath('work'), { recursive: true });
  await withTemporaryDirectory(storePath('work'), async (work) => {
    const disk = join('runtimes', runtimeName, 'stone/_build');
    await mkdir(join(work, disk), { recursive: true });
    const { files } = await unpackProvisioned(options, join(work, disk), context);
    if (!files.some(({ name }) => name.endsWith('.img'))) {
      throw new AvocadoError('QEMU_DISK_MISSING', `${options.provision.task} made no disk image`, {
        hint: `Make one: nx run ${options.provision.task} --profile img`,
      });
    }
    const command: SdkCommand = {
      root: sdk.root,
      argv: [
        ...['vm', runtimeName, '--mem', String(mem), '--smp', String(smp)],
        ...hostFwd.flatMap((forward) => ['--host-fwd', forward]),
      ],
      env: {
        ...scriptEnvironment({ ...sdk, machine, source_date_epoch: 0 }),
        AVOCADO_RUNTIME: runtimeName,
        TERM: process.env['TERM'] ?? 'dumb',
      },
      mounts: [
        ...sdk.mounts,
        { source: work, target: `${sdk.paths.prefix}/output`, writable: true, returns: 'nothing' },
      ],
      network: forwards.length > 0,
      ports: forwards.map(({ hostPort }) => hostPort),
      ...(containerArgs && { containerArgs }),
      label: `vm of ${runtimeName}`,
      signal,
    };
    announceContainerArgs(command, context);
    reporter.info(`${runtimeName} starts in the SDK's vm. Ctrl-A x ends it.`);
    const child = runner.spawn(command, stdio);
    child.stdout?.pipe(process.stdout, { end: false });
    child.stderr?.pipe(process.stderr, { end: false });
    child.stdin?.end();
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    if (signal.aborted || code === 0) return;
    throw new AvocadoError('QEMU_FAILED', `the SDK's vm ${code === null ? 'was ended' : `ended with code ${code}`}`, {
      hint:
        code === 127
          ? 'The SDK has no vm for this machine target: boards are flashed, with a profile of provision.'
          : undefined,
    });
  });
}
