import { AvocadoError } from '../error';
import type { QemuOptions, TaskContext } from '../task';
import { Checks } from './checks';
import { bootFailure } from './failure';
import { followCommand, journalLines } from './journal';
import type { JournalLine } from './journal';
import { prepareVm } from './prepare';
import type { PreparedVm } from './prepare';
import { startPrepared } from './start';

export interface FollowOptions extends QemuOptions {
  /** Whose journal: `ref-rust`. */
  unit: string;
  /** Seconds from the start of QEMU until the caller has had enough. */
  timeout: number;
}

/** Milliseconds that the guest gets to power off by itself. */
const powerOffLimit = 15_000;

/**
 * Boots headless and yields the unit's journal lines as they arrive; powers the machine off when the caller stops
 * asking (`break` out of the loop).
 * @throws AvocadoError `BOOT_TIMEOUT`, `BOOT_TEST_FAILED` when the machine stops by itself, `ABORTED`
 */
export async function* followJournal(options: FollowOptions, context: TaskContext): AsyncGenerator<JournalLine> {
  yield* followBoot(await prepareVm('follow', options, context), options, context);
}

/** The same on a machine that is ready to be started. */
export async function* followBoot(
  prepared: PreparedVm,
  { unit, timeout }: Pick<FollowOptions, 'unit' | 'timeout'>,
  { signal }: Pick<TaskContext, 'signal'>,
): AsyncGenerator<JournalLine> {
  const checks = new Checks([{ kind: 'journal', unit, count: 1 }]);
  const vm = await startPrepared(prepared, { isolated: true }, signal);
  let timer: NodeJS.Timeout | undefined;
  let abort = (): void => undefined;
  const ending = new Promise<'timeout' | 'exited' | 'aborted'>((resolve) => {
    timer = setTimeout(() => resolve('timeout'), timeout * 1000);
    abort = () => resolve('aborted');
    signal.addEventListener('abort', abort);
    void vm.exited.then(() => resolve('exited'));
  });
  const lines = journalLines(vm.journal);
  let failed = false;
  try {
    vm.observer.run(followCommand([unit])).catch(() => undefined);
    for (;;) {
      const next = await Promise.race([lines.next(), ending]);
      // The journal's socket closes a moment before the machine is known to have ended.
      const verdict = typeof next === 'string' ? next : next.done ? await ending : undefined;
      if (verdict === 'aborted') throw new AvocadoError('ABORTED', `${prepared.name} was interrupted`);
      if (verdict !== undefined) throw await bootFailure(vm, checks, { verdict, timeout, name: prepared.name });
      if (typeof next !== 'string' && !next.done) yield next.value;
    }
  } catch (error) {
    failed = true;
    throw error;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
    await vm.stop(failed ? 0 : powerOffLimit);
  }
}
