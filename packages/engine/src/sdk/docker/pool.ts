import { hostname } from 'node:os';
import { AvocadoError } from '../../error';
import { isRunning } from '../../store';
import type { Mount, SdkCommand } from '../types';
import type { Connection } from './connect';
import { Container, waiting } from './container';
import { Depot } from './depot';
import { ownerLabel } from './plan';
import { rootImage } from './root-image';
import type { RootImage } from './root-image';
import { SentSession, isShowable } from './sent-session';
import { Session, sessionTarget } from './session';

/** Milliseconds that a container waits for another command. */
const idleLimit = 30_000;

interface Warm {
  key: string;
  container: Container;
  session: Session | SentSession | undefined;
  /** What it has bound beside its root and its session, and another command may find there. */
  mounts: readonly Mount[];
  /** How many it has bound in all. */
  count: number;
  /** Absent while it is in use; tells whether it may be used again. */
  free?: Promise<boolean>;
  timer?: NodeJS.Timeout;
}

/** A container for one command. */
export interface Lease {
  container: Container;
  /** The command's files are this machine's, and not copies. */
  bound: boolean;
  /** Runs `use` while the command's mounts are in place. */
  within<T>(use: () => Promise<T>): Promise<T>;
  release(keep: boolean): void;
}

/**
 * The containers of this process. A command gets one that shows exactly what it declares: one that an earlier command
 * of the same kind left, or a new one. A tool of ours may join any with its root.
 */
export class Pool {
  private readonly warm = new Set<Warm>();
  private swept?: Promise<void>;
  /** Whether the daemon has this machine's files; known when a first container has been started. */
  private seesFiles?: boolean;
  private opened?: Promise<Depot>;

  constructor(private readonly connection: Connection) {
    // The containers end by themselves with our connections.
    process.on('exit', () => this.warm.forEach(({ session }) => session?.remove()));
  }

  async take(command: SdkCommand, mounts: readonly Mount[]): Promise<Lease> {
    const key = keyOf(command);
    for (const warm of this.warm) {
      if (!warm.free || !warm.container.isAlive || !fits(warm, key, command, mounts)) continue;
      const { free } = warm;
      delete warm.free;
      clearTimeout(warm.timer);
      if (await free) return this.lease(warm, mounts);
    }
    return this.lease(await this.start(key, command, mounts), mounts);
  }

  /** One for a command that stays running: nobody else gets it. */
  async alone(command: SdkCommand, mounts: readonly Mount[]): Promise<Lease> {
    return this.lease(await this.start('', command, mounts), mounts);
  }

  private async start(key: string, command: SdkCommand, mounts: readonly Mount[]): Promise<Warm> {
    this.swept ??= removeLeftovers(this.connection);
    this.seesFiles ??= !(await this.connection.facts()).apart;
    if (this.seesFiles) {
      try {
        return await this.startBound(key, command, mounts);
      } catch (error) {
        // The session's directory has a name that no other machine has.
        if (!(error instanceof AvocadoError) || error.code !== 'DOCKER_FILES_UNSEEN') throw error;
        this.seesFiles = false;
      }
    }
    return this.startSent(key, command, mounts);
  }

  private async startBound(key: string, command: SdkCommand, mounts: readonly Mount[]): Promise<Warm> {
    const taken = mounts.some(({ target }) => target === sessionTarget);
    const session = taken ? undefined : new Session();
    const fixed = mounts.filter((mount) => !command.tool || !session?.holds(mount));
    const binds = [...(session ? [session.mount] : []), ...fixed];
    try {
      const container = await this.container(command, await rootImage(command.root, this.connection), binds);
      return this.add({ key, container, session, mounts: fixed, count: fixed.length });
    } catch (error) {
      session?.remove();
      throw error;
    }
  }

  private async startSent(key: string, command: SdkCommand, mounts: readonly Mount[]): Promise<Warm> {
    const root = await rootImage(command.root, this.connection, true);
    const fixed = mounts.filter((mount) => !command.tool || !isShowable(mount));
    const session = await SentSession.open(await this.depot(command, root), fixed);
    try {
      const container = await this.container(command, root, session.binds);
      return this.add({ key, container, session, mounts: session.lasting, count: fixed.length });
    } catch (error) {
      session.remove();
      throw error;
    }
  }

  /** One for all containers of this process, as long as it lives. */
  private async depot({ fileTools }: SdkCommand, root: RootImage): Promise<Depot> {
    const before = this.opened;
    if ((await before?.catch(() => undefined))?.isAlive) return before as Promise<Depot>;
    const open = async (): Promise<Depot> => {
      const { image } = fileTools ? await rootImage(await fileTools(), this.connection, true) : root;
      return Depot.open(this.connection, image);
    };
    if (this.opened === before) this.opened = open();
    return this.opened as Promise<Depot>;
  }

  private container(command: SdkCommand, root: RootImage, mounts: readonly Mount[]): Promise<Container> {
    const { network = false, devices = [], ports = [], containerArgs = [], label } = command;
    const plan = { root, mounts, network, devices, ports, containerArgs, argv: waiting, stdio: 'stdin' as const };
    return Container.start(this.connection, plan, label);
  }

  private add(warm: Warm): Warm {
    this.warm.add(warm);
    return warm;
  }

  private lease(warm: Warm, mounts: readonly Mount[]): Lease {
    const { container, session } = warm;
    container.idle = false;
    const moved = mounts.filter((mount) => !isAmong(warm.mounts, mount));
    return {
      container,
      bound: !(session instanceof SentSession),
      within: (use) => (session ? session.with(moved, use) : use()),
      release: (keep) => {
        container.idle = true;
        warm.free = keep && container.isAlive ? this.check(warm) : this.discard(warm);
      },
    };
  }

  /** What a command left running would go on beside the next one: such a container is not used again. */
  private async check(warm: Warm): Promise<boolean> {
    if (!(await warm.container.isQuiet())) return this.discard(warm);
    warm.timer = setTimeout(() => void this.discard(warm), idleLimit).unref();
    return true;
  }

  private async discard(warm: Warm): Promise<false> {
    this.warm.delete(warm);
    delete warm.free;
    if (warm.container.isAlive) warm.container.end();
    warm.session?.remove();
    return false;
  }
}

function keyOf({ root, network = false, devices = [], containerArgs = [] }: SdkCommand): string {
  return JSON.stringify([root.image ?? root.digest, network, devices, containerArgs]);
}

function fits(warm: Warm, key: string, { tool }: SdkCommand, mounts: readonly Mount[]): boolean {
  if (warm.key !== key || warm.session?.isThere === false) return false;
  const others = mounts.filter((mount) => !isAmong(warm.mounts, mount));
  if (tool) return others.every((mount) => warm.session?.holds(mount));
  return others.length === 0 && mounts.length === warm.count;
}

function isAmong(mounts: readonly Mount[], { source, target, writable = false }: Mount): boolean {
  return mounts.some((one) => one.source === source && one.target === target && (one.writable ?? false) === writable);
}

/** Containers that a process made and did not live to start. */
async function removeLeftovers({ docker }: Connection): Promise<void> {
  const filters = { label: [ownerLabel], status: ['created', 'exited', 'dead'] };
  const found = await docker.listContainers({ all: true, filters }).catch(() => []);
  for (const { Id, Labels } of found) {
    const [host, pid] = (Labels[ownerLabel] ?? '').split(/:(?=\d+$)/);
    if (host !== hostname() || isRunning(Number(pid))) continue;
    await docker
      .getContainer(Id)
      .remove({ force: true })
      .catch(() => undefined);
  }
}
