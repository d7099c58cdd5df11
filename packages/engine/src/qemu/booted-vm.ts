import { rm } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { AvocadoError } from '../error';
import { plainText } from './console';
import { readBootChart } from './boot-chart';
import { followCommand, journalLines, unitName } from './journal';
import type { JournalLine } from './journal';
import type { GuestResult } from './observer';
import type { PreparedVm } from './prepare';
import { withinSeconds } from './probes';
import { startPrepared } from './start';
import { hopeless, parseUnits, unitsCommand } from './unit-states';
import type { UnitState } from './unit-states';
import type { Vm, VmExit } from './vm';

/** How long something is waited for. */
export interface Wait {
  /** Seconds. */
  timeout?: number;
}

export interface BootedVmOptions {
  /** Seconds that a boot, and whatever says nothing else, is waited for. */
  timeout: number;
  /** The guest reaches the network of this machine. */
  network: boolean;
}

/** What is said of something that did not come in time. */
interface Late {
  code?: string;
  message: string;
  output?: string;
}

/** Milliseconds that the guest gets to power off. */
const powerOffLimit = 15_000;
/** Milliseconds between the end of QEMU's sockets and its own. */
const closingTime = 1000;
/** Milliseconds between two looks at a unit. */
const pollInterval = 1000;
/** Journal lines of the running boot that are kept. */
const keptLines = 50_000;
/** Lines of the console, and of a unit's journal, that an error shows. */
const shownLines = 15;

/**
 * A machine for tests: booted, looked into through the observer, rebooted, cut off from power. Its disk starts as the one
 * that ships; what the guest writes is there until `stop`, across reboots, and then gone.
 */
export class BootedVm implements AsyncDisposable {
  private lines: JournalLine[] = [];
  /** Id of the running boot; undefined until it answers. */
  private bootId: string | undefined;
  private resets = 0;
  /** Who waits for a line, an answer or a reset. */
  private readonly waiting = new Set<() => void>();
  private failed = false;

  private constructor(
    private readonly vm: Vm,
    private readonly name: string,
    private readonly options: BootedVmOptions,
  ) {}

  /**
   * Starts the machine and waits until the jobs of its boot are done.
   * @throws AvocadoError `BOOT_TIMEOUT`, `VM_ENDED`
   */
  static async boot(prepared: PreparedVm, options: BootedVmOptions): Promise<BootedVm> {
    let onReset = (): void => undefined;
    const vm = await startPrepared(prepared, { isolated: !options.network, onReset: () => onReset() });
    const booted = new BootedVm(vm, prepared.name, options);
    onReset = () => booted.onReset();
    void booted.collect().catch(() => undefined);
    void booted.follow();
    try {
      await booted.up({});
    } catch (error) {
      await vm.stop(0);
      throw error;
    }
    return booted;
  }

  /** What the serial console has printed, at least the last 64 KiB of it, without escape sequences. */
  get console(): string {
    return this.vm.log.text;
  }

  /** How it ended; waits for that. */
  get exited(): Promise<VmExit> {
    return this.vm.exited;
  }

  /**
   * Runs a command in a shell on the device. Whatever it ends with is an answer; standard error is in the output.
   * @throws AvocadoError `GUEST_SILENT`, `VM_ENDED`
   */
  async run(command: string, { timeout = this.options.timeout }: Wait = {}): Promise<GuestResult> {
    // The guest ends it first, and is then free for the next one.
    return this.ask(withinSeconds(timeout, command), timeout + 10);
  }

  /**
   * Waits for a line of a unit's journal, those since the boot included.
   * @throws AvocadoError `GUEST_TIMEOUT` with the unit's last lines, `VM_ENDED`
   */
  async journal(
    unit: string,
    pattern: string | RegExp,
    { timeout = this.options.timeout }: Wait = {},
  ): Promise<JournalLine> {
    const name = unitName(unit);
    const matches = ({ boot, unit: of, message }: JournalLine): boolean =>
      boot === this.bootId &&
      of === name &&
      (typeof pattern === 'string' ? message.includes(pattern) : message.search(pattern) !== -1);
    return this.until(
      () => this.lines.find(matches),
      timeout,
      () => {
        const last = this.lines.filter((line) => line.unit === name).slice(-shownLines);
        return {
          message: `${name} wrote nothing that matches ${String(pattern)} within ${timeout} s`,
          output: last.map(({ message }) => plainText(message)).join('\n'),
        };
      },
    );
  }

  /**
   * Waits until a unit is active.
   * @throws AvocadoError `GUEST_UNIT_FAILED` as soon as it cannot come up any more, `GUEST_TIMEOUT`, `VM_ENDED`
   */
  async unit(unit: string, { timeout = this.options.timeout }: Wait = {}): Promise<UnitState> {
    const name = unitName(unit);
    const end = performance.now() + timeout * 1000;
    for (let doomed = false; ;) {
      const { output } = await this.ask(unitsCommand([unit]), timeout + 10);
      const { units, settled } = parseUnits(output, [unit]);
      const state = units.get(name);
      if (state?.active === 'active') return state;
      const why = state && settled ? hopeless(name, state) : undefined;
      if (why !== undefined && doomed) throw await this.unitFailure('GUEST_UNIT_FAILED', why, name);
      if (performance.now() > end) {
        const seen = state ? `${state.active} (${state.sub})` : 'not known';
        throw await this.unitFailure('GUEST_TIMEOUT', `${name} is ${seen} after ${timeout} s, not active`, name);
      }
      doomed = why !== undefined;
      await delay(pollInterval);
    }
  }

  /** Reboots as the device would itself, and waits until it has booted. */
  async reboot(wait: Wait = {}): Promise<void> {
    await this.restart(wait, async () => void (await this.vm.observer.run('systemctl --no-block reboot', 10_000)));
  }

  /** Takes the power away and gives it back: what the device had not written to its disk is lost. Waits until it has booted. */
  async powerCut(wait: Wait = {}): Promise<void> {
    await this.restart(wait, () => this.vm.reset());
  }

  /** The port of this computer, on 127.0.0.1, that leads to a forwarded one of the device. */
  hostPort(port: number): Promise<number | undefined> {
    return this.vm.hostPort(port);
  }

  /** A chart of the running boot, as SVG. @throws AvocadoError `GUEST_SILENT` */
  bootChart(): Promise<string> {
    return readBootChart(this.vm, this.name);
  }

  /** Powers the device off; its disk is gone then. */
  async stop(): Promise<void> {
    await this.vm.stop(powerOffLimit);
    // Whoever was told of it may want to read it.
    if (!this.failed) await rm(this.vm.log.path, { force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  private async restart(wait: Wait, how: () => Promise<void>): Promise<void> {
    const { timeout = this.options.timeout } = wait;
    const before = this.resets;
    await how();
    const reset = (): true | undefined => this.resets > before || undefined;
    await this.until(reset, timeout, () => ({ message: `${this.name} did not shut down within ${timeout} s` }));
    await this.up(wait);
  }

  private async up({ timeout = this.options.timeout }: Wait): Promise<void> {
    const late = (): Late => ({ code: 'BOOT_TIMEOUT', message: `${this.name} had not booted after ${timeout} s` });
    await this.until(() => this.bootId, timeout, late);
    await this.before(this.observe('systemctl is-system-running --wait'), timeout, late);
  }

  private onReset(): void {
    this.resets += 1;
    this.lines = [];
    this.bootId = undefined;
    this.wake();
    void this.follow();
  }

  /**
   * Lets a boot send its journal. SeaBIOS resets once more by itself; the first question is then answered as well, and
   * the second follower finds the port taken.
   */
  private async follow(): Promise<void> {
    const asked = this.resets;
    const script = `tr -d - </proc/sys/kernel/random/boot_id; ${followCommand([])}`;
    const answer = await this.vm.observer.run(script).catch(() => undefined);
    if (!answer || asked !== this.resets) return;
    this.bootId = answer.output.trim();
    this.wake();
  }

  private async collect(): Promise<void> {
    for await (const line of journalLines(this.vm.journal)) {
      this.lines.push(line);
      if (this.lines.length > keptLines) this.lines.shift();
      this.wake();
    }
  }

  private wake(): void {
    for (const look of [...this.waiting]) look();
  }

  private async ask(command: string, limit: number): Promise<GuestResult> {
    const late = (): Late => ({ code: 'GUEST_SILENT', message: `${this.name} did not answer: ${command}` });
    return this.before(this.observe(command), limit, late);
  }

  /** QEMU closes its sockets before it is known to have ended, which is what is to be told then. */
  private observe(command: string): Promise<GuestResult> {
    return this.vm.observer.run(command).catch(async (error: unknown) => {
      await delay(closingTime);
      throw error;
    });
  }

  /** Looks now, and whenever something is new. */
  private async until<T>(look: () => T | undefined, limit: number, late: () => Late): Promise<T> {
    let onNews = (): void => undefined;
    const found = new Promise<T>((resolve) => {
      onNews = () => {
        const value = look();
        if (value !== undefined) resolve(value);
      };
    });
    this.waiting.add(onNews);
    onNews();
    try {
      return await this.before(found, limit, late);
    } finally {
      this.waiting.delete(onNews);
    }
  }

  /** @param limit seconds */
  private async before<T>(promise: Promise<T>, limit: number, late: () => Late): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const expired = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => {
        const { code = 'GUEST_TIMEOUT', message, output } = late();
        reject(this.failure(code, message, output));
      }, limit * 1000);
    });
    const ended = this.vm.exited.then(({ reason, code, errors }) => {
      const how = reason ?? (code === null ? 'a signal' : `code ${code}`);
      throw this.failure('VM_ENDED', `the machine ${this.name} has ended (${how})`, errors);
    });
    // Whichever comes first is the answer; the others are no news.
    for (const other of [promise, ended]) other.catch(() => undefined);
    try {
      return await Promise.race([ended, promise, expired]);
    } catch (error) {
      this.failed = true;
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  private async unitFailure(code: string, message: string, name: string): Promise<AvocadoError> {
    const { output } = await this.ask(`journalctl -b -u '${name}' -n ${shownLines} -o cat -q --no-pager`, 10);
    return this.failure(code, message, plainText(output));
  }

  private failure(code: string, message: string, output = ''): AvocadoError {
    const shown = [output.trimEnd(), `serial console:\n${this.vm.log.tail(shownLines)}`].filter((text) => text !== '');
    return new AvocadoError(code, message, { output: shown.join('\n'), log: this.vm.log.path });
  }
}
