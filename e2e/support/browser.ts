import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Readable, Writable } from 'node:stream';
import { repository } from './workspace';

/** What a browser made of a page. */
export interface Opened {
  /** Addresses that it asked for, the page's own first. */
  requests: string[];
  /** What the console, the browser's log and uncaught errors said. */
  messages: string[];
}

interface Message {
  id?: number;
  method?: string;
  params?: Record<string, unknown>;
  result?: Record<string, unknown>;
  error?: { message: string };
  sessionId?: string;
}

/** A real browser without a window and without a network, by the Chrome DevTools Protocol over pipes: no port is opened. */
export class Browser {
  private readonly directory = mkdtempSync(join(tmpdir(), 'nx-avocado-browser-'));
  private readonly child: ChildProcess;
  private readonly waiting = new Map<number, { resolve(result: object): void; reject(error: Error): void }>();
  private readonly events: Message[] = [];
  private session = '';
  private next = 0;

  constructor() {
    const program = execFileSync('node', [join(repository, 'tools/browser/setup.mjs')], { encoding: 'utf8' });
    // A network of its own, with nothing in it.
    const words = ['--bind', '/', '/', '--dev', '/dev', '--proc', '/proc', '--unshare-net', '--die-with-parent'];
    const options = ['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run'];
    this.child = spawn(
      'bwrap',
      [
        ...[...words, '--', program.trim().split('\n').at(-1)!, ...options],
        ...[`--user-data-dir=${this.directory}`, '--remote-debugging-pipe', 'about:blank'],
      ],
      { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] },
    );
    this.child.on('exit', () => this.waiting.forEach(({ reject }) => reject(new Error('the browser ended'))));
    this.read(this.child.stdio[4] as Readable);
  }

  async open(path: string): Promise<Opened> {
    const { targetInfos } = await this.send<{ targetInfos: { type: string; targetId: string }[] }>('Target.getTargets');
    const target = targetInfos.find(({ type }) => type === 'page')?.targetId;
    const attached = await this.send<{ sessionId: string }>('Target.attachToTarget', {
      targetId: target,
      flatten: true,
    });
    this.session = attached.sessionId;
    for (const domain of ['Page', 'Network', 'Log', 'Runtime']) await this.send(`${domain}.enable`);
    this.events.length = 0;
    await this.send('Page.navigate', { url: pathToFileURL(path).href });
    await this.evaluate('new Promise((done) => document.readyState === "complete" ? done() : onload = done)');
    const of = (...methods: string[]): Message[] => this.events.filter(({ method }) => methods.includes(method ?? ''));
    return {
      requests: of('Network.requestWillBeSent').map(
        ({ params }) => (params as { request: { url: string } }).request.url,
      ),
      messages: of('Log.entryAdded', 'Runtime.consoleAPICalled', 'Runtime.exceptionThrown').map(({ params }) =>
        JSON.stringify(params),
      ),
    };
  }

  /** The value of an expression in the page, a promise's awaited. */
  async evaluate<T>(expression: string): Promise<T> {
    const options = { expression, awaitPromise: true, returnByValue: true };
    const answer = await this.send<{ result: { value: T }; exceptionDetails?: object }>('Runtime.evaluate', options);
    if (answer.exceptionDetails) throw new Error(JSON.stringify(answer.exceptionDetails));
    return answer.result.value;
  }

  async send<T extends object>(method: string, params: object = {}): Promise<T> {
    const id = (this.next += 1);
    const message = { id, method, params, ...(this.session && { sessionId: this.session }) };
    const answer = new Promise<object>((resolve, reject) => this.waiting.set(id, { resolve, reject }));
    (this.child.stdio[3] as Writable).write(`${JSON.stringify(message)}\0`);
    return (await answer) as T;
  }

  async close(): Promise<void> {
    const ended = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.kill('SIGKILL');
    await ended;
    rmSync(this.directory, { recursive: true, force: true, maxRetries: 5 });
  }

  /** Messages are JSON, each ended by a zero byte. */
  private read(stream: Readable): void {
    let text = '';
    stream.setEncoding('utf8').on('data', (part: string) => {
      const parts = (text + part).split('\0');
      text = parts.pop() ?? '';
      for (const message of parts.map((one) => JSON.parse(one) as Message)) {
        const waiting = message.id === undefined ? undefined : this.waiting.get(message.id);
        if (!waiting) this.events.push(message);
        else if (message.error) waiting.reject(new Error(message.error.message));
        else waiting.resolve(message.result ?? {});
      }
    });
  }
}
