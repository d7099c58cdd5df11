import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { cleanEnvironment, programOf as nxProgramOf } from './support/nx';
import { eventually, parentOf, processesWith, programOf } from './support/processes';
import { ssh } from './support/ssh';
import { TestWorkspace } from './support/workspace';

/** `nx run dev:watch` as a user has it: a real machine, real edits. One boot for all tests, which build on each other. */
const workspace = new TestWorkspace();
const main = 'examples/rust-vitals/ref-rust/src/main.rs';
const unique = String(Date.now());

const minutes = 60_000;
jest.setTimeout(5 * minutes);

let nx: ChildProcess;
let said = '';
let ended: Promise<number | null>;

/** What is said from now on. */
function mark(): { has(pattern: RegExp): Promise<string> } {
  const from = said.length;
  return {
    async has(pattern) {
      const found = await eventually(
        () => said.slice(from),
        (text) => pattern.test(text) || nx.exitCode !== null,
        3 * minutes,
      );
      expect(found).toMatch(pattern);
      return found;
    },
  };
}

const port = (): string => /connected to root@127\.0\.0\.1:(\d+)/.exec(said)?.[1] ?? '';

beforeAll(async () => {
  workspace.reset();
  const { code, output } = await workspace.nx(['run', 'dev:provision']);
  if (code !== 0) throw new Error(output);
  nx = spawn(process.execPath, [nxProgramOf(workspace.root), 'run', 'dev:watch', '--outputStyle=stream'], {
    cwd: workspace.root,
    env: { ...cleanEnvironment(), NX_DAEMON: 'false', NX_TUI: 'false', NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  for (const stream of [nx.stdout, nx.stderr]) stream?.on('data', (chunk: Buffer) => (said += String(chunk)));
  ended = new Promise((resolve) => nx.once('exit', resolve));
}, 10 * minutes);

afterAll(async () => {
  nx.kill('SIGKILL');
  await ended;
  workspace.reset();
});

test('a machine is started, runs what is built, and its journal is shown', async () => {
  const first = mark();
  await first.has(/connected to root@127\.0\.0\.1:\d+/);
  await first.has(/runs what is built/);
  await first.has(/ref-rust \| \{"hostname":"avocado-qemux86-64"/);
});

test('new code: its line comes from the running machine', async () => {
  const next = mark();
  workspace.edit(main, (text) => text.replace('"uptime":{}', `"uptime":{},"edited":${unique}`));
  const text = await next.has(new RegExp(`ref-rust \\| .*"edited":${unique}`));
  expect(text).toMatch(/main\.rs changed[^]*example-rust:compile [\d.]+ s, example-rust:build [\d.]+ s, dev:build/);
  expect(await next.has(/ref-rust\.service: active \(running\)/)).toMatch(/runs it, [\d.]+ s after the change/);
});

test('what does not compile is shown, and the machine keeps the code that it has', async () => {
  const next = mark();
  workspace.edit(main, (text) => text.replace('fn main()', 'fn main('));
  await next.has(/error: [^]*main\.rs[^]*not built: the device keeps what it has/);
  const after = mark();
  await after.has(new RegExp(`ref-rust \\| .*"edited":${unique}`));
});

test('a comment changes no image', async () => {
  const next = mark();
  workspace.edit(main, (text) => `${text.replace(/fn main\((?!\))/, 'fn main()')}// ${unique}\n`);
  await next.has(/nothing in the images changed/);
});

test('a new file of an overlay', async () => {
  const next = mark();
  workspace.write('examples/rust-vitals/overlay/usr/share/watched/new', unique);
  await next.has(/new changed[^]*runs it/);
});

test('avocado.yaml: Nx makes its graph anew, and the device follows', async () => {
  const next = mark();
  workspace.edit('examples/rust-vitals/avocado.yaml', (text) =>
    text.replace('    overlay: overlay\n', `    summary: Watched ${unique}\n    overlay: overlay\n`),
  );
  await next.has(/the graph may be another[^]*runs (it|what is built)/);
});

test('after a reboot the machine is connected to again, and has what was deployed', async () => {
  const next = mark();
  await ssh(Number(port()), 'systemctl reboot');
  await next.has(/is gone; waiting for it[^]*connected to/);
  await next.has(new RegExp(`ref-rust \\| .*"edited":${unique}`));
});

test('SIGTERM ends it, with its machine', async () => {
  const isOurs = (pid: number): boolean => pid > 1 && (pid === nx.pid || isOurs(parentOf(pid)));
  const machines = processesWith('qemu-system-').filter(
    (pid) => programOf(pid).startsWith('qemu-system-') && isOurs(pid),
  );
  const left = (): number[] => processesWith('qemu-system-').filter((pid) => machines.includes(pid));
  expect(machines).toHaveLength(1);
  nx.kill('SIGTERM');
  await ended;
  expect(await eventually(left, (pids) => pids.length === 0, 15_000)).toEqual([]);
});
