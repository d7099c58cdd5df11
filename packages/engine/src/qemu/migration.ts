import { setTimeout as delay } from 'node:timers/promises';
import { AvocadoError } from '../error';
import type { Qmp } from './qmp';

/** Milliseconds for a state without the memory: a few MiB. */
const limit = 60_000;

/**
 * Stops the machine and writes its state, less the memory, which is a file of its own (`memory` of QemuPlan).
 * https://www.qemu.org/docs/master/devel/migration/main.html
 * @param file as QEMU sees it
 * @throws AvocadoError `WARM_FAILED`, `QMP_FAILED`
 */
export async function saveState(qmp: Qmp, file: string): Promise<void> {
  await qmp.execute('stop');
  await setCapabilities(qmp);
  await qmp.execute('migrate', { uri: `file:${file}` });
  await completed(qmp, 'saved');
}

/** The counterpart, in a QEMU that was started with the same arguments and `-incoming defer`; the machine runs then. */
export async function loadState(qmp: Qmp, file: string): Promise<void> {
  await setCapabilities(qmp);
  await qmp.execute('migrate-incoming', { uri: `file:${file}` });
  await completed(qmp, 'loaded');
  // It was saved standing still.
  await qmp.execute('cont');
}

async function setCapabilities(qmp: Qmp): Promise<void> {
  const capabilities = [{ capability: 'x-ignore-shared', state: true }];
  await qmp.execute('migrate-set-capabilities', { capabilities });
}

async function completed(qmp: Qmp, what: string): Promise<void> {
  for (const end = performance.now() + limit; performance.now() < end; await delay(20)) {
    const { status, 'error-desc': why } = (await qmp.execute('query-migrate')) as Record<string, string | undefined>;
    if (status === 'completed') return;
    if (status === 'failed' || status === 'cancelled') throw failed(`the state could not be ${what}: ${why ?? status}`);
  }
  throw failed(`the state was not ${what} within ${limit / 1000} s`);
}

function failed(message: string): AvocadoError {
  return new AvocadoError('WARM_FAILED', message, { hint: 'Boot it without --warm.' });
}
