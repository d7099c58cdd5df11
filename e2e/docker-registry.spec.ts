import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dockerImages, tellMoved } from '@nx-avocado/engine/feed';
import { silentReporter } from '@nx-avocado/engine/report';
import type { Reporter } from '@nx-avocado/engine/report';
import { TestDocker } from './support/docker';
import { freePort, needPrograms } from './support/hosts';
import { eventually } from './support/processes';

/** A private registry on loopback: Docker's own program, with a password. */
jest.setTimeout(600_000);
let docker: TestDocker;
let registry: ChildProcess;
let directory: string;
let name: string;
const progress: string[] = [];
const reporter: Reporter = {
  ...silentReporter,
  step: (label) => ({ update: (detail) => progress.push(detail), done: () => progress.push(`${label}: done`) }),
};
const images = dockerImages({ reporter });
const before = process.env['DOCKER_CONFIG'];

beforeAll(async () => {
  docker = new TestDocker();
  needPrograms({ '/usr/bin/docker-registry': 'docker-registry' });
  directory = mkdtempSync(join(tmpdir(), 'docker-registry-'));
  process.env['DOCKER_CONFIG'] = join(directory, 'config');
  const port = await freePort();
  name = `127.0.0.1:${port}/private/sdk:2024-edge`;
  // Of `test` and `secret`.
  const password = 'test:$2y$05$daiC7bps1XY162pcLFhRvOdlHl8iMqb5aPjGhUq3eX89j/YyInQiG\n';
  writeFileSync(join(directory, 'passwords'), password);
  const configuration = {
    ...{ version: 0.1, http: { addr: `127.0.0.1:${port}` } },
    storage: { filesystem: { rootdirectory: join(directory, 'data') } },
    auth: { htpasswd: { realm: 'a test', path: join(directory, 'passwords') } },
  };
  // JSON is YAML.
  writeFileSync(join(directory, 'registry.yml'), JSON.stringify(configuration));
  registry = spawn('docker-registry', ['serve', join(directory, 'registry.yml')], { stdio: 'ignore' });
  const answers = (): Promise<boolean> => fetch(`http://127.0.0.1:${port}/v2/`).then(Boolean, () => false);
  for (let tries = 0; tries < 100 && !(await answers()); tries++) await eventually(() => 0, Boolean, 100);
});
afterAll(() => {
  if (before === undefined) delete process.env['DOCKER_CONFIG'];
  else process.env['DOCKER_CONFIG'] = before;
  registry?.kill();
  docker.stop();
  rmSync(directory, { recursive: true, force: true });
});

/** Pushes an image with this in it, and takes it from the daemon again. */
function push(text: string): void {
  mkdirSync(join(directory, 'image'), { recursive: true });
  writeFileSync(join(directory, 'image/file'), text);
  const tar = join(directory, 'image.tar');
  execFileSync('tar', ['--create', `--file=${tar}`, `--directory=${join(directory, 'image')}`, 'file']);
  const id = docker.docker('import', tar, name);
  docker.docker('push', '--quiet', name);
  docker.docker('image', 'rm', '--force', id);
}

test('an image of a private registry: pinned by digest, pulled with progress, and the pin holds when the tag moves', async () => {
  await expect(images.open(name)).rejects.toMatchObject({ hint: expect.stringContaining('docker login') });
  docker.docker('login', '--username', 'test', '--password', 'secret', name.split('/')[0] ?? '');

  push('first');
  const pinned = await images.pin(name);
  expect(pinned).toMatch(/^127\.0\.0\.1:\d+\/private\/sdk@sha256:[0-9a-f]{64}$/);
  const first = await images.open(pinned);
  expect(first.image).toMatch(/^sha256:/);
  expect(progress).toContain(`pull the SDK image ${pinned}: done`);
  expect(progress.some((line) => /^\d+ of \d+ layers$/.test(line))).toBe(true);

  push('second');
  const moved = await images.pin(name);
  expect(moved).not.toBe(pinned);
  expect((await images.open(pinned)).image).toBe(first.image);
  expect((await images.open(moved)).image).not.toBe(first.image);

  const notices: string[] = [];
  const tell = (of: string): Promise<void> =>
    tellMoved({ name, pinned: of }, images, { notice: (message) => void notices.push(message) });
  await tell(moved);
  expect(notices).toEqual([]);
  await tell(pinned);
  expect(notices).toEqual([expect.stringMatching(/sdk:2024-edge stands for another image now.*lock --update$/)]);
});

test('an image that nobody has is named', async () => {
  await expect(images.pin(name.replace('sdk', 'none'))).rejects.toMatchObject({ code: 'SDK_IMAGE_UNKNOWN' });
});
