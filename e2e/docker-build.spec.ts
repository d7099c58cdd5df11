import { lockWithItoa } from './support/crate';
import { TestDocker } from './support/docker';
import { eventually } from './support/processes';
import { TestWorkspace } from './support/workspace';

/** The examples built by the runner docker, beside the same sources built in the sandbox. */
jest.setTimeout(25 * 60_000);
const inDocker = new TestWorkspace('docker');
const inSandbox = new TestWorkspace();
const unique = String(Date.now());
let docker: TestDocker;

async function run(on: TestWorkspace, ...args: string[]): Promise<Record<string, string>> {
  const { code, output, tasks } = await on.nx(['run', ...args]);
  if (code !== 0) throw new Error(output);
  return tasks;
}

beforeAll(() => {
  docker = new TestDocker();
  for (const workspace of [inDocker, inSandbox]) workspace.reset();
  inDocker.edit('nx.json', (text) => text.replace('"runner": "sandbox"', '"runner": "docker"'));
});
afterAll(() => {
  for (const workspace of [inDocker, inSandbox]) workspace.reset();
  docker.stop();
});

test.each([
  ['rust-vitals', 'dev'],
  ['heartbeat', 'heartbeat-dev'],
])('%s is the same in both, file for file', async (example, runtime) => {
  await run(inDocker, `${runtime}:provision`, '--skip-nx-cache');
  await run(inSandbox, `${runtime}:provision`);
  const built = inDocker.outputs(`examples/${example}/.avocado`);
  expect(Object.keys(built).some((path) => path.endsWith('.raw'))).toBe(true);
  expect(built).toEqual(inSandbox.outputs(`examples/${example}/.avocado`));
});

test('a build of what is there starts no container, one after an edit of main.rs one at most', async () => {
  await run(inDocker, 'dev:provision');
  expect(await docker.starts(() => run(inDocker, 'dev:provision'))).toBe(0);
  inDocker.edit('examples/rust-vitals/ref-rust/src/main.rs', (text) =>
    text.replace('"uptime":{}', `"uptime":{},"edited":${unique}`),
  );
  let tasks: Record<string, string> = {};
  expect(await docker.starts(async () => (tasks = await run(inDocker, 'dev:provision')))).toBeLessThanOrEqual(1);
  expect(tasks).toMatchObject({ 'example-rust:compile': 'ran', 'example-rust:build': 'ran', 'dev:provision': 'ran' });
});

test('boots in a container, and nothing of it is left', async () => {
  const before = docker.containers();
  expect(await run(inDocker, 'dev:boot-test')).toMatchObject({ 'dev:boot-test': expect.stringMatching(/ran|cached/) });
  const left = (): string[] => docker.containers().filter((id) => !before.includes(id));
  expect(await eventually(left, (ids) => ids.length === 0, 10_000)).toEqual([]);
});

test('a crate with packages of crates.io: no container for fetching what is there', async () => {
  const crate = 'examples/rust-vitals/ref-rust';
  inDocker.edit(`${crate}/Cargo.toml`, (text) => `${text}\n[dependencies]\nitoa = "=1.0.15"\n`);
  inDocker.write(`${crate}/Cargo.lock`, lockWithItoa);
  await run(inDocker, 'example-rust:compile');
  inDocker.edit(`${crate}/src/main.rs`, (text) => `${text}// ${unique}\n`);
  let tasks: Record<string, string> = {};
  expect(await docker.starts(async () => (tasks = await run(inDocker, 'example-rust:compile')))).toBeLessThanOrEqual(1);
  expect(tasks).toMatchObject({ 'example-rust:compile': 'ran' });
});
