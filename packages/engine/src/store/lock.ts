import { spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { AvocadoError } from '../error';

/**
 * Runs `use` while no other process of this machine holds the lock at `path`.
 *
 * util-linux's flock holds it in a child whose standard input is our pipe: when this process dies, even by SIGKILL,
 * the kernel closes the pipe, `cat` ends and the lock is free. No stale lock files, no time limits.
 */
export async function withLock<T>(path: string, use: () => Promise<T>, onWait?: () => void): Promise<T> {
  await mkdir(dirname(path), { recursive: true });
  const holder = spawn('flock', ['--exclusive', path, 'cat'], { stdio: ['pipe', 'pipe', 'ignore'], detached: true });
  const waiting = onWait ? setTimeout(onWait, 1000) : undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      holder.once('error', reject);
      holder.once('exit', (code) => reject(new Error(`flock ended with ${code}`)));
      holder.stdout.once('data', () => resolve());
      holder.stdin.on('error', () => undefined);
      holder.stdin.write('\n');
    }).catch((cause: unknown) => {
      throw new AvocadoError('STORE_LOCK_FAILED', `cannot lock ${path}`, {
        hint: "flock of util-linux is needed, and the lock's directory must be writable.",
        cause,
      });
    });
    clearTimeout(waiting);
    return await use();
  } finally {
    clearTimeout(waiting);
    holder.stdin.destroy();
    holder.unref();
  }
}
