import { relative } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { deploy, followDeviceJournal, readBuiltRuntime } from '@nx-avocado/engine/deploy';
import type { Device, DeviceState } from '@nx-avocado/engine/deploy';
import { AvocadoError, explained, formatError } from '@nx-avocado/engine/error';
import type { DeployOptions, TaskContext, TaskOutput } from '@nx-avocado/engine/task';
import type { StepContext } from '../executors/step/make';
import { followFiles } from './follow';
import type { Link } from './link';
import { rebuild } from './rebuild';
import { runAndReload } from './reload';
import { Sources } from './sources';
import { configFiles, enabledUnits, watchedTasks } from './tasks';

export interface WatchOptions extends DeployOptions {
  runtime: TaskOutput;
  provision: TaskOutput;
  /** Units whose journal is shown; without any, those that the extensions enable. */
  unit: string[];
}

/** Milliseconds until a device that cannot be used is tried again. */
const retryPause = 5000;

/**
 * Keeps a device at what the sources say, until `task.signal` ends it: rebuilds what a change touches, deploys it, and
 * shows the journal between. What cannot be built leaves the device as it is.
 */
export class Watch {
  private tasks;
  private sources;
  private follower: ReturnType<typeof followFiles> | undefined;
  private paths = new Set<string>();
  private device: Device | undefined;
  private state: DeviceState | undefined;
  /** Whether the device may lack what is built. */
  private behind = true;
  private savedAt: number | undefined;
  private wake: () => void = () => undefined;

  constructor(
    private readonly options: WatchOptions,
    context: StepContext,
    private readonly link: Link,
    private readonly task: TaskContext,
  ) {
    this.tasks = watchedTasks(context);
    this.sources = new Sources(this.tasks, configFiles(context));
  }

  async run(): Promise<void> {
    const { signal, reporter } = this.task;
    signal.addEventListener('abort', () => this.wake(), { once: true });
    await this.follow();
    const kept = this.keepDevice();
    try {
      for (;;) {
        while (this.paths.size === 0 && !(this.behind && this.device) && !signal.aborted) {
          await new Promise<void>((resolve) => (this.wake = resolve));
        }
        if (signal.aborted) return;
        const paths = this.paths;
        this.paths = new Set();
        if (paths.size > 0) await this.build(paths);
        if (this.device && this.behind) await this.deploy(this.device);
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      await this.follower?.close();
      await this.device?.close();
      await this.link.end();
      await kept;
      reporter.info('watch has ended');
    }
  }

  private async follow(): Promise<void> {
    await this.follower?.close();
    this.follower = followFiles(this.sources.directories(), (paths) => {
      this.savedAt ??= performance.now();
      for (const path of paths) this.paths.add(path);
      this.wake();
    });
    await this.follower.ready;
  }

  private async build(paths: Set<string>): Promise<void> {
    const { reporter, signal, workspaceRoot } = this.task;
    const change = this.sources.change(paths);
    if (!change.graph && change.tasks.size === 0) {
      this.savedAt = undefined;
      return;
    }
    reporter.info(`\n${[...paths].map((path) => relative(workspaceRoot, path)).join(', ')} changed`);
    if (change.graph) {
      try {
        const step = reporter.step('the graph may be another: nx run');
        const context = await runAndReload(workspaceRoot, this.options.provision.task, signal);
        step.done();
        this.tasks = watchedTasks(context);
        this.sources = new Sources(this.tasks, configFiles(context));
        await this.follow();
        this.behind = true;
      } catch (error) {
        this.failed(error);
      }
      return;
    }
    const { provision } = this.options;
    const { success, ran } = await rebuild(this.tasks, change.tasks, this.task, (id) => isTask(id, provision.task));
    if (!success) return reporter.warn('not built: the device keeps what it has');
    reporter.info(ran.map(({ task, milliseconds }) => `${task} ${seconds(milliseconds)}`).join(', '));
    this.behind ||= ran.some(({ task }) => isTask(task, this.options.runtime.task));
    if (!this.behind) reporter.info('nothing in the images changed');
  }

  private async deploy(device: Device): Promise<void> {
    const { reporter } = this.task;
    this.behind = false;
    try {
      const runtime = await readBuiltRuntime(this.options, this.task.workspaceRoot);
      const { switched, state, units } = await deploy(runtime, device, this.task, this.state);
      this.state = state;
      const since = this.savedAt === undefined ? '' : `, ${seconds(performance.now() - this.savedAt)} after the change`;
      if (switched) reporter.info(`${device.name} runs it${since}`);
      else reporter.info(`${device.name} runs what is built`);
      for (const { name, active, sub } of units) reporter.info(`${name}: ${active} (${sub})`);
    } catch (error) {
      this.state = undefined;
      if (!(await this.rebootInto(error))) this.failed(error);
    }
    this.savedAt = undefined;
  }

  /** Another OS image is no matter of a deploy: a machine of ours boots it. */
  private async rebootInto(error: unknown): Promise<boolean> {
    if (!(error instanceof AvocadoError && error.code === 'DEPLOY_WRONG_OS') || !this.link.isMachine) return false;
    const ids = Object.keys(this.tasks.options).filter((id) => isTask(id, this.options.provision.task));
    if (!(await rebuild(this.tasks, new Set(ids), this.task)).success) return true;
    this.task.reporter.info('the OS image is another one: the machine boots it');
    await this.link.end();
    return true;
  }

  /** Connects as often as it takes, each time with the journal. */
  private async keepDevice(): Promise<void> {
    const { signal, reporter } = this.task;
    let told: string | undefined;
    while (!signal.aborted) {
      try {
        const device = await this.link.open();
        told = undefined;
        reporter.info(`connected to ${device.name}`);
        [this.device, this.state, this.behind] = [device, undefined, true];
        this.wake();
        void this.showJournal(device);
        await device.closed;
        if (!signal.aborted) reporter.notice(`${device.name} is gone; waiting for it`);
      } catch (error) {
        if (signal.aborted) return;
        // What does not pass is tried again, and told once.
        const text = String(error);
        if (text !== told) this.failed(error);
        told = text;
        await delay(retryPause, undefined, { signal }).catch(() => undefined);
      } finally {
        this.device = undefined;
      }
    }
  }

  private async showJournal(device: Device): Promise<void> {
    const { signal, reporter } = this.task;
    const units = this.options.unit.length > 0 ? this.options.unit : enabledUnits(this.tasks);
    if (units.length === 0) return;
    await followDeviceJournal(device, units, {
      signal,
      onLine: ({ unit, message }) => reporter.output(`${unit.replace(/\.service$/, '')} | ${message}`),
    }).catch(() => undefined);
  }

  private failed(error: unknown): void {
    if (!this.task.signal.aborted) this.task.reporter.output(`\n${formatError(explained(error))}\n`);
  }
}

/** With or without a configuration: `dev:build`, `dev:build:qemuarm64`. */
function isTask(id: string, task: string): boolean {
  return id === task || id.startsWith(`${task}:`);
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}
