import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfigOrThrow } from '../../config';
import { avocadoRequests } from './requests';

const directory = mkdtempSync(join(tmpdir(), 'requests-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function kernelOf(kernel: string): string[] | undefined {
  const file = join(directory, 'avocado.yaml');
  writeFileSync(file, `default_target: qemux86-64\nruntimes:\n  dev: {}\n${kernel}`);
  const { config } = loadConfigOrThrow(file, { machine: 'qemux86-64', env: {} });
  return avocadoRequests(config, { kind: 'runtime', name: 'dev' }).kernel;
}

test.each([
  ['', 'kernel-image-[0-9]*'],
  ['kernel: { package: kernel-image, version: 6.6.23-yocto }', 'kernel-image-6.6.23*'],
  ["kernel: { package: kernel-image, version: '5.15.*' }", 'kernel-image-5.15.*'],
  ["kernel: { package: kernel-image, version: '>= 6.6, < 6.12' }", 'kernel-image-[0-9]*'],
  ["kernel: { package: linux-own, version: '2.0-r1' }", 'linux-own 2.0-r1'],
])('the kernel’s package of %j is asked for as %s', (kernel, request) => {
  expect(kernelOf(kernel)).toEqual([request]);
});
