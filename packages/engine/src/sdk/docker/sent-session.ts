import { readdirSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { sha256, storePath, storeRoot, withLock } from '../../store';
import type { Mount } from '../types';
import type { Depot } from './depot';
import { sessionTarget } from './session';
import { fetchChanges, filesBeforeCommand } from './sent-changes';
import type { FilesBefore } from './sent-changes';
import { untarOnto } from './untar-tree';

/** How a mount gets to a daemon with files of its own. */
type Sent = { mount: Mount; path: string } &
  /** Content that its path names, such as an SDK root or a disk: sent once, and never changed. */
  (
    | { kind: 'root' }
    /** It lives there. */
    | { kind: 'state' }
    /** It goes there for one command, and what is writable comes back. */
    | { kind: 'file' }
  );

let sessions = 0;

/** Disks of this machine that the daemon keeps: the last ones that were booted. */
const keptDisks = 2;

/**
 * The mounts of one container of a daemon that does not see this machine's files: see depot.ts for where they are there.
 * As session.ts does, it shows further ones at /work as long as a command takes.
 */
export class SentSession {
  private readonly name = `${sessions++}`;
  private readonly fixed: Sent[];
  /** The container's own mounts serve its first command alone: later ones would see what that one saw. */
  private fresh = true;
  /** It could not be cleared, and would show what was another command's. */
  private broken = false;

  private constructor(
    private readonly depot: Depot,
    mounts: readonly Mount[],
  ) {
    this.fixed = mounts.map((mount, at) => this.placeOf(mount, `mounts/${at}`));
  }

  /** Sends what the container is to have from its start. */
  static async open(depot: Depot, mounts: readonly Mount[]): Promise<SentSession> {
    const session = new SentSession(depot, mounts);
    try {
      await session.send(session.fixed);
      await depot.sh('mkdir -p "$1"', [depot.path('session', session.work)]);
      return session;
    } catch (error) {
      // What came before the disk there was full would keep it so.
      await session.clear();
      throw error;
    }
  }

  /** Binds of paths on the daemon's machine. */
  get binds(): Mount[] {
    const work = { source: this.depot.source('session', this.work), target: sessionTarget, writable: true };
    const others = this.fixed.map(({ mount: { target, writable = false }, path, kind }) => ({
      ...{ source: this.depot.source(kind === 'file' ? 'session' : 'store', path), target, writable },
    }));
    return this.fixed.some(({ mount }) => mount.target === sessionTarget) ? others : [work, ...others];
  }

  /** Those that any command of the same container may share: nothing changes them. */
  get lasting(): Mount[] {
    return this.fixed.filter(({ kind }) => kind === 'root').map(({ mount }) => mount);
  }

  holds(mount: Mount): boolean {
    return isShowable(mount);
  }

  get isThere(): boolean {
    return this.depot.isAlive && !this.broken;
  }

  /** Shows the mounts as long as `use` takes; then fetches what is writable, of the container's own too. */
  async with<T>(mounts: readonly Mount[], use: () => Promise<T>): Promise<T> {
    const own = this.fresh ? this.fixed : [];
    this.fresh = false;
    const moved = mounts
      .filter((mount) => !own.some((sent) => sent.mount === mount))
      .map((mount): Sent => ({ kind: 'file', mount, path: `${this.work}/${relative(sessionTarget, mount.target)}` }));
    try {
      await this.send(moved);
      const before = new Map<Sent, string[] | FilesBefore>();
      for (const sent of [...own, ...moved]) before.set(sent, await this.remember(sent));
      for (const { mount } of own) await removeResults(mount);
      const result = await use();
      for (const [sent, names] of before) await this.fetch(sent, names);
      return result;
    } finally {
      const clear = this.depot.sh('find "$1" -mindepth 1 -delete', [this.depot.path('session', this.work)]);
      await clear.catch(() => (this.broken = true));
    }
  }

  remove(): void {
    if (this.isThere) void this.clear();
  }

  private async clear(): Promise<void> {
    await this.depot.sh('rm -rf "$1"', [this.depot.path('session', this.name)]).catch(() => undefined);
  }

  private get work(): string {
    return `${this.name}/work`;
  }

  private placeOf(mount: Mount, place: string): Sent {
    const inStore = relative(storeRoot(), mount.source);
    if (mount.state) return { kind: 'state', mount, path: `state/${sha256(mount.source).slice(0, 24)}/data` };
    const area = mount.writable ? undefined : contentArea(inStore);
    if (area !== undefined) return { kind: 'root', mount, path: `${area}/${sha256(inStore).slice(0, 24)}/data` };
    return { kind: 'file', mount, path: `${this.name}/${place}` };
  }

  private async send(all: readonly Sent[]): Promise<void> {
    for (const sent of all.filter(({ kind }) => kind === 'root')) await this.sendRoot(sent);
    for (const sent of all.filter(({ kind }) => kind === 'state')) await this.sendState(sent);
    const files = all.filter(({ kind }) => kind === 'file');
    if (files.length > 0) {
      await this.depot.put('session', this.name, async (tar) => {
        for (const { mount, path } of files) {
          await tar.add(mount.source, relative(this.name, path), mount.needs);
        }
      });
    }
    await this.makeMountPoints(all);
  }

  private async sendRoot({ mount, path }: Sent): Promise<void> {
    const { depot } = this;
    const at = path.replace(/\/data$/, '');
    const isThere = async (): Promise<boolean> =>
      (await depot.sh('test ! -e "$1/complete" || echo yes', [depot.path('store', at)])) !== '';
    if (await isThere()) return;
    await withLock(storePath('locks', `docker-${at.replaceAll('/', '-')}`), async () => {
      if (await isThere()) return;
      await depot.sh('rm -rf "$1"', [depot.path('store', at)]);
      await depot
        .put('store', at, (tar) => tar.add(mount.source, 'data'))
        .catch(async (error: unknown) => {
          await depot.sh('rm -rf "$1"', [depot.path('store', at)]).catch(() => undefined);
          throw error;
        });
      await depot.sh('touch "$1/complete"', [depot.path('store', at)]);
      if (!at.startsWith('disks/')) return;
      // A machine that still runs on one keeps it open.
      const older = 'cd "$1"; ls -t | tail -n +$2 | xargs --no-run-if-empty rm -rf --';
      await depot.sh(older, [depot.path('store', 'disks'), String(keptDisks + 1)]);
    });
  }

  /** What this machine gives of it is put over what is there; what it gave before and does not any more is taken away. */
  private async sendState({ mount, path }: Sent): Promise<void> {
    const { depot } = this;
    const at = path.replace(/\/data$/, '');
    const needs = mount.needs ?? [];
    const now = needs.map((name) => `${name}\0`).join('');
    const script = 'mkdir -p "$1/data"; cd "$1/data"; cat ../sent 2>/dev/null || true';
    const before = (await depot.sh(script, [depot.path('store', at)])).split('\0').filter(Boolean);
    const gone = before.filter((name) => !needs.includes(name)).map((name) => `./${name}\0`);
    if (gone.length > 0) {
      await depot.sh('cd "$1/data"; xargs --null rm -rf --', [depot.path('store', at)], gone.join(''));
    }
    // Remembered before they are there: what is interrupted here can still be taken away later.
    if (now !== before.map((name) => `${name}\0`).join('')) {
      await depot.sh('cat > "$1/sent"', [depot.path('store', at)], now);
    }
    if (needs.length > 0) await depot.put('store', at, (tar) => tar.add(mount.source, 'data', needs));
  }

  /** A mount in a read-only one needs something to be mounted on. */
  private async makeMountPoints(all: readonly Sent[]): Promise<void> {
    const wanted = all.flatMap(({ mount }) =>
      all
        .filter((outer) => outer.kind !== 'root' && mount.target.startsWith(`${outer.mount.target}/`))
        .map((outer) => {
          const area = outer.kind === 'file' ? 'session' : 'store';
          const at = join(this.depot.path(area, outer.path), relative(outer.mount.target, mount.target));
          return `${statSync(mount.source).isDirectory() ? 'd' : 'f'}${at}\0`;
        }),
    );
    if (wanted.length === 0) return;
    const script = `while IFS= read -r -d '' line; do
      path=\${line:1}
      [ -e "$path" ] && continue
      mkdir -p "\${path%/*}"
      case $line in d*) mkdir -p "$path";; *) : >> "$path";; esac
    done`;
    await this.depot.sh(script, [], wanted.join(''));
  }

  /** What is to be known before a command to tell what it did. */
  private async remember({ kind, mount, path }: Sent): Promise<string[] | FilesBefore> {
    if (kind !== 'file' || mount.returns !== 'changes') return namesIn(mount);
    return filesBeforeCommand(this.depot, path, mount);
  }

  private async fetch({ kind, mount, path }: Sent, before: string[] | FilesBefore): Promise<void> {
    if (!Array.isArray(before)) return fetchChanges(this.depot, path, mount, before);
    if (kind === 'file' && mount.writable && mount.returns === undefined) {
      const tar = await this.depot.get('session', path);
      if (tar) await untarOnto(tar, mount.source, before);
    }
    for (const result of (kind === 'state' && mount.state?.results) || []) {
      const tar = await this.depot.get('store', `${path}/${result}`);
      if (tar) await untarOnto(tar, join(mount.source, result));
    }
  }
}

/** Of a path in the store whose content its name tells. */
function contentArea(inStore: string): 'roots' | 'disks' | undefined {
  if (/^roots\/[0-9a-f]{16,}\//.test(inStore)) return 'roots';
  return /^disks\/[0-9a-f]{64}\.raw$/.test(inStore) ? 'disks' : undefined;
}

/** Whether a mount can be shown in a container that runs already. */
export function isShowable({ target, state }: Mount): boolean {
  return target.startsWith(`${sessionTarget}/`) && state === undefined;
}

/** What an earlier command made must not be taken for this one's. */
async function removeResults({ source, state }: Mount): Promise<void> {
  for (const result of state?.results ?? []) await rm(join(source, result), { recursive: true, force: true });
}

function namesIn({ source, writable, needs }: Mount): string[] {
  return writable && !needs && statSync(source).isDirectory() ? readdirSync(source) : [];
}
