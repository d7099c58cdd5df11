import { existsSync, linkSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { storePath, temporaryName } from '../../store';
import type { Mount } from '../types';

/** Where a container has its session, for programs of ours (`SdkCommand.tool`). */
export const sessionTarget = '/work';

/** Part of a path that is one task's own: see store/atomic.ts. */
const temporary = /(^|\/)\.tmp-[^/]+-\d+-[0-9a-f]{12}(\/|$)/;

/**
 * A directory that a container has bound from its start, so that directories can be shown in it later: a container's
 * mounts cannot change, but what is in them can. A task's own temporary directories are moved in for the time of a
 * command, and files that are only read are linked; nothing is copied.
 */
export class Session {
  readonly path: string;
  private readonly device: number;

  constructor() {
    this.path = temporaryName(storePath('work', 'docker'));
    mkdirSync(this.path, { recursive: true });
    this.device = statSync(this.path).dev;
  }

  get mount(): Mount {
    return { source: this.path, target: sessionTarget, writable: true };
  }

  /** Whether a mount can be shown here. Another file system's directories cannot: they would have to be copied. */
  holds({ source, target, writable }: Mount): boolean {
    if (!target.startsWith(`${sessionTarget}/`)) return false;
    const { dev, isDirectory } = describe(source);
    return dev === this.device && (isDirectory ? temporary.test(source) : !writable);
  }

  /** Shows the mounts as long as `use` takes. */
  async with<T>(mounts: readonly Mount[], use: () => Promise<T>): Promise<T> {
    const back: (() => void)[] = [];
    try {
      for (const { source, target } of mounts) {
        const at = join(this.path, target.slice(sessionTarget.length));
        mkdirSync(dirname(at), { recursive: true });
        if (describe(source).isDirectory) {
          renameSync(source, at);
          back.push(() => renameSync(at, source));
        } else linkSync(source, at);
      }
      return await use();
    } finally {
      for (const undo of back.reverse()) undo();
      this.clear();
    }
  }

  /** Everything in the store may be deleted at any time. */
  get isThere(): boolean {
    return existsSync(this.path);
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }

  /** The next command finds nothing of this one. The directory itself stays: it is what the container has bound. */
  private clear(): void {
    for (const name of readdirSync(this.path)) rmSync(join(this.path, name), { recursive: true, force: true });
  }
}

function describe(path: string): { dev: number; isDirectory: boolean } {
  const stat = statSync(path);
  return { dev: stat.dev, isDirectory: stat.isDirectory() };
}
