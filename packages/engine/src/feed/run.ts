import { spawn } from 'node:child_process';
import { AvocadoError } from '../error';
import { boundCommand } from '../store';

export interface ToolOptions {
  signal?: AbortSignal | undefined;
  /** Added to this process's environment. */
  env?: Record<string, string>;
  input?: string;
  onLine?: (line: string) => void;
}

export interface ToolResult {
  code: number;
  stdout: string;
  /** At most the last 64 KiB. */
  stderr: string;
}

const stderrLimit = 64 * 1024;

/**
 * The feed's one seam to the host's programs (apt, dpkg, mmdebstrap). A program that ends with an error is no error
 * here: the caller knows what it means. It dies with this process, even when that is killed, and so does what it started.
 * @throws AvocadoError `TOOL_MISSING`, `ABORTED`
 */
export async function runTool(argv: string[], options: ToolOptions = {}): Promise<ToolResult> {
  const { signal } = options;
  if (signal?.aborted) throw aborted();
  // timeout hands the signal on to all that the program has started, its own group.
  const [program, ...words] = boundCommand('TERM', ['timeout', '--kill-after=3', '0', ...argv]);
  const child = spawn(program, words, {
    stdio: ['pipe', 'pipe', 'pipe'],
    // Its own process group, so that an end reaches what it started; Ctrl-C reaches it through the signal alone.
    detached: true,
    env: { ...process.env, LC_ALL: 'C.UTF-8', ...options.env },
  });
  const stop = (name: NodeJS.Signals): void => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, name);
    } catch {
      // It has ended by itself.
    }
  };
  let force: NodeJS.Timeout | undefined;
  const abort = (): void => {
    stop('SIGTERM');
    force = setTimeout(() => stop('SIGKILL'), 3000);
  };
  signal?.addEventListener('abort', abort, { once: true });
  const stdout: Buffer[] = [];
  let stderr = '';
  let line = '';
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    stderr = (stderr + chunk).slice(-stderrLimit);
    const lines = (line + chunk).split('\n');
    line = lines.pop() ?? '';
    lines.forEach((text) => options.onLine?.(text));
  });
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.input ?? '');
  try {
    const code = await new Promise<number>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (status) => resolve(status ?? 128));
    }).catch((cause: unknown) => {
      throw new AvocadoError('TOOL_MISSING', `cannot start ${argv[0]}`, {
        hint: 'setpriv of util-linux is needed on this machine.',
        cause,
      });
    });
    if (signal?.aborted) throw aborted();
    if (code === 127) {
      const missing = /([\w.-]+): (?:not found|No such file or directory)\s*$/.exec(stderr)?.[1] ?? argv[0];
      throw new AvocadoError('TOOL_MISSING', `${missing} is not installed on this machine`, {
        hint: 'Install what the debian feed needs: apt-get install mmdebstrap uidmap bubblewrap',
        output: stderr,
      });
    }
    return { code, stdout: Buffer.concat(stdout).toString('utf8'), stderr };
  } finally {
    clearTimeout(force);
    signal?.removeEventListener('abort', abort);
  }
}

export function aborted(): AvocadoError {
  return new AvocadoError('ABORTED', 'stopped before it was done');
}
