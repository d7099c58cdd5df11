import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

/** What a step is called with: see compiled.ts. */
export interface StepInput {
  root: string;
  options: object;
  nxJson: object;
}

export interface StepResult {
  code: number | null;
  output: string;
  /** Milliseconds. */
  took: number;
}

/** Runs steps in processes of their own, the next of which is started ahead: it takes longer than most steps. */
export class StepProcesses {
  #next: ChildProcess | undefined;

  /** @param command words of the command line that starts one */
  constructor(
    private readonly command: [string, ...string[]],
    private readonly env: NodeJS.ProcessEnv,
  ) {}

  /** @param killAfter milliseconds from when it has its input until it is killed by SIGKILL */
  async run(input: StepInput, killAfter?: number): Promise<StepResult> {
    const child = await this.take();
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (part: Buffer) => (output += String(part)));
    const ended = once(child, 'exit');
    const start = performance.now();
    child.stdin?.end(JSON.stringify(input));
    const timer = killAfter === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), killAfter);
    const [code] = (await ended) as [number | null];
    clearTimeout(timer);
    return { code, output, took: performance.now() - start };
  }

  stop(): void {
    this.#next?.kill('SIGKILL');
  }

  private async take(): Promise<ChildProcess> {
    const child = this.#next ?? this.start();
    await ready.get(child);
    this.#next = this.start();
    return child;
  }

  private start(): ChildProcess {
    const [program, ...words] = this.command;
    const child = spawn(program, words, { env: this.env, stdio: 'pipe' });
    child.stdin.on('error', () => undefined);
    ready.set(child, once(child.stdout, 'data'));
    return child;
  }
}

const ready = new WeakMap<ChildProcess, Promise<unknown>>();

/** Processes that have `text` in an argument, or something mounted from a place with it in their own mount namespace. */
export function processesOf(text: string): string[] {
  const own = readlinkSync('/proc/self/ns/mnt');
  return readdirSync('/proc').flatMap((pid) => {
    if (!/^\d+$/.test(pid)) return [];
    try {
      const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
      const mounted = (): boolean =>
        readlinkSync(`/proc/${pid}/ns/mnt`) !== own && readFileSync(`/proc/${pid}/mountinfo`, 'utf8').includes(text);
      return words.includes(text) || mounted() ? [`${pid} ${words}`] : [];
    } catch {
      // It has ended meanwhile.
      return [];
    }
  });
}

/** Every temporary name of ours below a directory. */
export function leftovers(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const path = join(directory, entry.name);
    if (entry.name.startsWith('.tmp-')) return [path];
    return entry.isDirectory() && entry.name !== 'node_modules' ? leftovers(path) : [];
  });
}
