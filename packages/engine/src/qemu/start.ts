import { AvocadoError } from '../error';
import { observerCredentials } from './observer';
import type { PreparedVm } from './prepare';
import { startVm } from './vm';
import type { Vm, VmOptions } from './vm';
import { awaken } from './warm';

/**
 * Starts a machine that was prepared, so that it can be looked into: it boots, or goes on from its snapshot.
 * @throws AvocadoError `QEMU_FAILED`, `WARM_FAILED`, `ABORTED`
 */
export async function startPrepared(
  prepared: PreparedVm,
  options: Pick<VmOptions, 'isolated' | 'onReset'>,
  signal?: AbortSignal,
): Promise<Vm> {
  const vm = await startVm({ ...prepared, ...options, credentials: observerCredentials() });
  if (!prepared.warm) return vm;
  const abort = (): void => vm.kill();
  signal?.addEventListener('abort', abort);
  try {
    await awaken(vm, prepared.name);
    return vm;
  } catch (error) {
    await vm.stop(0);
    throw signal?.aborted ? new AvocadoError('ABORTED', `${prepared.name} was interrupted`) : error;
  } finally {
    signal?.removeEventListener('abort', abort);
  }
}
