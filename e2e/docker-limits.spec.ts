import { createHash } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AvocadoError } from '@nx-avocado/engine/error';
import { silentReporter } from '@nx-avocado/engine/report';
import { createDockerRunner, dockerUsage } from '@nx-avocado/engine/sdk';
import type { SdkCommand } from '@nx-avocado/engine/sdk';
import { TestDocker } from './support/docker';
import { toolsRoot } from './support/tools-root';

/** A daemon that sees nothing of ours and has 96 MiB for all that it keeps. */
jest.setTimeout(300_000);
const runner = createDockerRunner();
let docker: TestDocker;
let directory: string;
let image: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'docker-limits-'));
  docker = new TestDocker(true, [directory], '96m');
  image = docker.docker('import', '--change', 'LABEL a=test', smallRoot());
});
afterAll(() => {
  docker.stop();
  rmSync(directory, { recursive: true, force: true });
});

/** Bash and what files cross by, with their libraries, of this machine: a dozen MiB. */
function smallRoot(): string {
  const names = ['bash', 'cat', 'comm', 'cp', 'env', 'find', 'ls', 'mkdir', 'rm', 'sort', 'tail', 'touch', 'xargs'];
  const programs = names.map((name) => execFileSync('which', [name], { encoding: 'utf8' }).trim());
  const libraries = execFileSync('ldd', programs, { encoding: 'utf8' }).match(/\/\S+(?=\s+\(0x)/g) ?? [];
  const root = join(directory, 'root');
  const tar = join(directory, 'root.tar');
  for (const name of ['usr/bin', 'bin', 'tmp', 'run', 'root', 'opt', 'depot'])
    mkdirSync(join(root, name), { recursive: true });
  execFileSync('cp', ['-L', '--parents', ...new Set(libraries), root]);
  execFileSync('cp', ['-L', ...programs, join(root, 'usr/bin')]);
  execFileSync('cp', ['-L', '/bin/bash', join(root, 'bin')]);
  execFileSync('tar', ['--create', `--file=${tar}`, `--directory=${root}`, '.']);
  return tar;
}

const sh = (script: string, more: Partial<SdkCommand> = {}): SdkCommand => ({
  ...{ root: { digest: 'small', path: '', image }, argv: ['/bin/bash', '-c', script], label: 'a test' },
  ...more,
});
const failure = (command: SdkCommand): Promise<AvocadoError> =>
  runner.run(command, silentReporter).then(
    () => Promise.reject(new Error('it succeeded')),
    (error: AvocadoError) => error,
  );

test('no space for files that are sent: an error that says so; smaller ones go', async () => {
  const source = join(directory, 'large');
  writeFileSync(source, Buffer.alloc(120 * 1024 * 1024, 'x'));
  const full = await failure(sh('true', { mounts: [{ source, target: '/opt/large' }] }));
  expect(full).toMatchObject({ code: 'DISK_FULL', hint: expect.stringContaining('docker system df') });
  writeFileSync(source, 'small');
  const small = sh('cat /opt/small', { mounts: [{ source, target: '/opt/small' }] });
  expect((await runner.run(small, silentReporter)).stdout).toBe('small');
});

test('no space for the image of a root: the same', async () => {
  const error = await failure(sh('true', { root: await toolsRoot() }));
  expect(error).toMatchObject({ code: 'DISK_FULL', hint: expect.stringContaining('docker system prune') });
});

test('an image for another processor is told, with what to do', async () => {
  const architecture = process.arch === 'arm64' ? 'amd64' : 'arm64';
  const root = { digest: 'foreign', path: '', image: foreignImage(architecture) };
  // The container ends before, while or after the daemon starts the command in it.
  for (let run = 0; run < 20; run += 1) {
    const error = await failure(sh('true', { root }));
    expect(error).toMatchObject({ code: 'DOCKER_PLATFORM', hint: expect.stringContaining('this architecture') });
  }
});

/** As `docker save` writes one: `docker import` calls every image this machine's. @returns its id */
function foreignImage(architecture: 'amd64' | 'arm64'): string {
  const place = join(directory, 'foreign');
  mkdirSync(join(place, 'files/bin'), { recursive: true });
  // The head of an ELF program.
  const elf = Buffer.alloc(4096);
  elf.write('\x7fELF\x02\x01\x01', 'latin1');
  elf.writeUInt16LE(2, 16);
  elf.writeUInt16LE(architecture === 'amd64' ? 62 : 183, 18);
  writeFileSync(join(place, 'files/bin/bash'), elf, { mode: 0o755 });
  const tar = (file: string, from: string, ...names: string[]): void =>
    void execFileSync('tar', ['--create', `--file=${join(place, file)}`, `--directory=${join(place, from)}`, ...names]);
  tar('layer.tar', 'files', '.');
  const layer = createHash('sha256')
    .update(readFileSync(join(place, 'layer.tar')))
    .digest('hex');
  const config = JSON.stringify({
    architecture,
    os: 'linux',
    rootfs: { type: 'layers', diff_ids: [`sha256:${layer}`] },
  });
  writeFileSync(join(place, 'config.json'), config);
  const manifest = [{ Config: 'config.json', RepoTags: ['foreign:test'], Layers: ['layer.tar'] }];
  writeFileSync(join(place, 'manifest.json'), JSON.stringify(manifest));
  tar('image.tar', '.', 'manifest.json', 'config.json', 'layer.tar');
  docker.docker('load', '--quiet', '--input', join(place, 'image.tar'));
  return docker.docker('image', 'inspect', '--format', '{{.Id}}', 'foreign:test');
}

test('a device that the machine has not is named', async () => {
  const child = runner.spawn(sh('true', { devices: ['/dev/no-such'] }), 'pipe');
  const error = await new Promise<unknown>((resolve) => child.once('error', resolve));
  expect(error).toMatchObject({ code: 'DOCKER_DEVICE_MISSING', message: expect.stringContaining('/dev/no-such') });
});

test('what a daemon keeps for this machine is listed when nothing uses it, and goes', async () => {
  const names = async (): Promise<string[]> => (await dockerUsage()).map(({ name }) => name);
  // The container that keeps this process's files has the volume.
  expect(await names()).toEqual([]);
  docker.docker(
    'import',
    '--change',
    'LABEL io.github.nx-avocado=root',
    join(directory, 'root.tar'),
    'nx-avocado/root:a',
  );
  docker.docker('rm', '--force', ...docker.containers());
  const kept = await dockerUsage();
  expect(kept.map(({ name }) => name)).toEqual([
    'Docker image nx-avocado/root:a',
    expect.stringMatching(/^Docker volume nx-avocado-/),
  ]);
  expect(Math.min(...kept.map(({ bytes }) => bytes))).toBeGreaterThanOrEqual(0);
  expect(kept[0]?.bytes).toBeGreaterThan(1024 * 1024);
  for (const one of kept) await one.remove();
  expect(await names()).toEqual([]);
  expect(docker.docker('volume', 'ls', '--quiet', '--filter', 'label=io.github.nx-avocado=store')).toBe('');
});

test('where no daemon answers, nothing is listed', async () => {
  process.env['DOCKER_HOST'] = `unix://${directory}/none.sock`;
  try {
    expect(await dockerUsage()).toEqual([]);
  } finally {
    process.env['DOCKER_HOST'] = docker.address;
  }
});
