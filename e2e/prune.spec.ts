import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { machine as machineOf, rootSpec } from '@nx-avocado/engine/feed';
import type { RootSpec } from '@nx-avocado/engine/feed';
import { lockSlice, parseLock } from '@nx-avocado/engine/lock';
import { runNxAvocado } from './support/nx';
import type { Ended } from './support/nx';
import { TestWorkspace, repository } from './support/workspace';

/** `npx nx-avocado prune` on a store of its own, with a real root that a real process holds. */
const workspace = new TestWorkspace();
let store: string;
let spec: RootSpec;
const installers: ChildProcess[] = [];

jest.setTimeout(10 * 60_000);

beforeAll(() => {
  workspace.reset();
  store = mkdtempSync(join(tmpdir(), 'nx-avocado-prune-'));
  const file = join(repository, 'examples/rust-vitals/avocado.lock');
  const machine = machineOf('qemux86-64');
  const slice = lockSlice(
    parseLock(readFileSync(file, 'utf8'), file),
    { kind: 'extension', name: 'example-rust' },
    machine,
  );
  const pin = slice?.roots.sysroot?.find(({ name }) => name === 'libc6');
  spec = rootSpec('sysroot', machine, [pin!]);
});
afterAll(() => {
  for (const child of installers) child.kill('SIGKILL');
  rmSync(store, { recursive: true, force: true });
  workspace.reset();
});

/** A process that opens the root, installing it first where it is missing, and goes on until it is killed. */
async function installer(env: Record<string, string> = {}): Promise<{ said: string; kill(): Promise<void> }> {
  const engine = join(repository, 'packages/engine/src');
  const script = join(store, 'installer.cjs');
  writeFileSync(
    script,
    `const { openRoot } = require(${JSON.stringify(join(engine, 'feed/index.ts'))});
     const line = (text) => process.stdout.write(text + '\\n');
     const reporter = { info: line, output: line, notice: line, warn: line, step: () => ({ update() {}, done() {} }) };
     openRoot(${JSON.stringify(spec)}, { reporter }).then(() => line('open'), (error) => line('failed ' + error));
     setInterval(() => {}, 1000);`,
  );
  const child = spawn(process.execPath, ['-r', '@swc-node/register', script], {
    cwd: repository,
    env: { ...process.env, TS_NODE_PROJECT: join(repository, 'tsconfig.base.json'), NX_AVOCADO_STORE: store, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  installers.push(child);
  let said = '';
  for await (const chunk of child.stdout!) {
    said += String(chunk);
    if (/^(open|failed .*)$/m.test(said)) break;
  }
  return {
    said,
    kill: async () => {
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}

const prune = (...args: string[]): Promise<Ended> =>
  runNxAvocado(workspace.root, ['prune', ...args], { NX_AVOCADO_STORE: store });
const root = (): string => join(store, 'roots', spec.digest);

test('what a process holds stays, dry runs change nothing, and what is free goes', async () => {
  const holder = await installer();
  expect([holder.said, existsSync(root())]).toEqual(['open\n', true]);
  mkdirSync(join(store, 'work/some-key'), { recursive: true });
  writeFileSync(join(store, 'work/some-key/x'), 'x'.repeat(2e6));

  const dry = await prune('--dry-run', '--max-size', '0MB');
  expect(dry.code).toBe(0);
  expect(dry.output).toMatch(/^ +entries +size +would go +would stay +in use$/m);
  expect(dry.output).toMatch(/^roots +1 +\d+ MB +0\.0 MB +\d+ MB +1$/m);
  expect(dry.output).toMatch(/^work +1 +2\.0 MB +2\.0 MB +0\.0 MB$/m);
  expect(existsSync(join(store, 'work/some-key'))).toBe(true);

  expect((await prune('--max-size', '0MB')).code).toBe(0);
  expect([existsSync(root()), existsSync(join(store, 'work/some-key'))]).toEqual([true, false]);
  expect(readdirSync(join(store, 'debs'))).toHaveLength(1);

  await holder.kill();
  expect((await prune('--max-size', '0MB')).output).toMatch(/^roots +1 +\d+ MB +\d+ MB +0\.0 MB$/m);
  expect([existsSync(root()), readdirSync(join(store, 'debs'))]).toEqual([false, []]);
  // As it was in the beginning: what is needed is fetched and installed.
  const again = await installer();
  expect([again.said, existsSync(root())]).toEqual(['open\n', true]);
  await again.kill();
});

test('a limit is kept at the end of an install', async () => {
  await prune('--max-size', '0MB');
  mkdirSync(join(store, 'work/old'), { recursive: true });
  writeFileSync(join(store, 'work/old/x'), 'x'.repeat(60e6));
  const { said, kill } = await installer({ NX_AVOCADO_STORE_LIMIT: '60MB' });
  await kill();
  expect(said).toMatch(/^the store had \d+ MB, 60MB are allowed: 60 MB that were not in use are gone\nopen\n$/);
  expect([existsSync(root()), existsSync(join(store, 'work/old'))]).toEqual([true, false]);
});

test('outputs of projects and machine targets that are gone; those that are there stay', async () => {
  const outputs = 'examples/heartbeat/.avocado';
  const [live, machine, gone] = ['heartbeat/qemux86-64/note', 'heartbeat/imx8/build/x', 'renamed/qemux86-64/x'];
  for (const path of [live, machine, gone]) workspace.write(`${outputs}/${path}`, 'x');
  const { code, output } = await prune('--max-size', '99GB');
  expect(code).toBe(0);
  expect(output).toMatch(/^workspace +[2-9] /m);
  const left = [live, machine, gone].map((path) => workspace.exists(dirname(`${outputs}/${path}`)));
  expect(left).toEqual([true, false, false]);
  rmSync(workspace.path(`${outputs}/${live}`));
});
