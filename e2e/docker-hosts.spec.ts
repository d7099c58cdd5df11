import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AvocadoError } from '@nx-avocado/engine/error';
import { silentReporter } from '@nx-avocado/engine/report';
import { createDockerRunner } from '@nx-avocado/engine/sdk';
import type { SdkCommand, SdkRoot } from '@nx-avocado/engine/sdk';
import { TestDocker } from './support/docker';
import { overSsh, overTcp, podman } from './support/hosts';
import { toolsRoot } from './support/tools-root';

/** The ways to a daemon other than Docker's own socket, each for real. */
jest.setTimeout(600_000);
const runner = createDockerRunner();
const { DOCKER_HOST: before, PATH: path } = process.env;
let docker: TestDocker;
let root: SdkRoot;
let directory: string;
let stop: (() => unknown) | undefined;

beforeAll(async () => {
  docker = new TestDocker();
  root = await toolsRoot();
  directory = mkdtempSync(join(tmpdir(), 'docker-hosts-'));
  mkdirSync(join(directory, 'out'));
  process.env['NX_AVOCADO_STORE'] = join(directory, 'store');
});
afterEach(async () => {
  await stop?.();
  process.env['DOCKER_HOST'] = docker.address;
  process.env['PATH'] = path;
});
afterAll(() => {
  docker.stop();
  delete process.env['NX_AVOCADO_STORE'];
  if (before !== undefined) process.env['DOCKER_HOST'] = before;
  rmSync(directory, { recursive: true, force: true });
});

/** Commands, one after the other, a failing one, and one that is started; what they gave. */
async function use(address: string): Promise<void> {
  process.env['DOCKER_HOST'] = address;
  const mounts = [{ source: join(directory, 'out'), target: '/out', writable: true }];
  const command = (script: string): SdkCommand => ({ root, argv: ['bash', '-c', script], mounts, label: 'a test' });
  const run = async (script: string): Promise<string> => (await runner.run(command(script), silentReporter)).stdout;
  expect(await run('echo first; echo a file > /out/file')).toBe('first\n');
  expect(readFileSync(join(directory, 'out/file'), 'utf8')).toBe('a file\n');
  expect(await run('env | sort | cut -d= -f1 | tr "\\n" " "')).toBe(
    'HOME LC_ALL PATH PWD SHLVL SOURCE_DATE_EPOCH TZ _ ',
  );
  const error = (await run('seq 1 3; exit 7').then(String, (failed: unknown) => failed)) as AvocadoError;
  expect(error).toMatchObject({ code: 'COMMAND_FAILED', output: '1\n2\n3' });
  const child = runner.spawn({ root, argv: ['cat'], label: 'cat' }, 'pipe');
  let said = '';
  child.stdout?.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const ended = new Promise((resolve) => {
    child.once('close', resolve);
    child.once('error', resolve);
  });
  child.stdin?.end('typed');
  expect([await ended, said]).toEqual([0, 'typed']);
}

test('TCP', async () => {
  const host = await overTcp(docker.address.replace('unix://', ''));
  stop = host.stop;
  await use(host.address);
});

test('ssh, by the configuration of this machine', async () => {
  const host = await overSsh();
  stop = host.stop;
  process.env['PATH'] = host.path;
  await use(`${host.address}${docker.address.replace('unix://', '')}`);
});

test("ssh that does not let in is an error with ssh's own words", async () => {
  const host = await overSsh();
  stop = host.stop;
  process.env['PATH'] = host.path;
  process.env['DOCKER_HOST'] = host.address.replace('@', '-not@');
  const command = { root, argv: ['true'], label: 'a test' };
  const error = (await runner.run(command, silentReporter).catch((failed: unknown) => failed)) as AvocadoError;
  expect(error).toMatchObject({ code: 'DOCKER_SSH_FAILED', output: expect.stringContaining('Permission denied') });
});

test("Podman's socket", async () => {
  const host = await podman();
  stop = host.stop;
  await use(host.address);
});
