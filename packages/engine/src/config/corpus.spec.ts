import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { KNOWN_TARGETS, loadConfigOrThrow, readHeader, resolveRuntime } from '.';

const CORPUS = join(__dirname, 'corpus');
/** The same files where they come from; only some checkouts have it beside them. */
const ORIGIN = resolve(__dirname, '../../../../../shared/corpus/references');

const projects = readdirSync(CORPUS, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name)
  .sort();

function header(file: string) {
  const result = readHeader(file);
  if (result.header === undefined) throw new Error(JSON.stringify(result.errors));
  return result.header;
}

test('all 22 projects are here', () => {
  expect(projects).toHaveLength(22);
});

describe.each(projects)('%s', (name) => {
  const file = join(CORPUS, name, 'avocado.yaml');
  const { supported_targets } = header(file);
  const targets = supported_targets === '*' ? KNOWN_TARGETS : supported_targets;

  test.each(targets)('loads for %s', (machine) => {
    const { config } = loadConfigOrThrow(file, { machine });
    expect(config.machine).toBe(machine);
    expect(resolveRuntime(config, { env: {} })).toBe('dev');
    const { extensions, packages } = config.runtimes.dev ?? {};
    expect(packages).toHaveProperty('avocado-runtime', { kind: 'version', version: '*' });
    expect(extensions).toContainEqual({ name: `avocado-bsp-${machine}`, enabled: true });
    expect(config.extensions).toHaveProperty([`avocado-bsp-${machine}`, 'source', 'type'], 'package');
    expect(config.sdk.image).toBe('docker.io/avocadolinux/sdk:2024-edge');
    expect(config.distro).toEqual({
      release: '2024',
      channel: 'edge',
      repo: { tls_verify: true, releasever: '2024/edge' },
    });
    expect(JSON.stringify(config)).not.toContain('{{');
  });

  const original = join(ORIGIN, name, 'avocado.yaml');
  if (existsSync(original)) {
    test('is the file of the project', () => {
      expect(readFileSync(file, 'utf8')).toBe(readFileSync(original, 'utf8'));
    });
  }
});

test('bare targets drop webkit on QEMU only', () => {
  for (const name of ['elixir-phoenix', 'nodejs-dashboard', 'react-dashboard']) {
    const file = join(CORPUS, name, 'avocado.yaml');
    const listed = (machine: string) =>
      loadConfigOrThrow(file, { machine }).config.runtimes.dev?.extensions.map((extension) => extension.name);
    expect(listed('qemux86-64')).not.toContain('avocado-ext-webkit');
    expect(listed('qemuarm64')).not.toContain('avocado-ext-webkit');
    expect(listed('raspberrypi5')).toContain('avocado-ext-webkit');
  }
});

test('the header names every target of a file', () => {
  expect(header(join(CORPUS, 'elixir-phoenix', 'avocado.yaml'))).toEqual({
    supported_targets: '*',
    machines: ['qemux86-64', 'qemuarm64'],
  });
  expect(header(join(CORPUS, 'nvidia-deepstream', 'avocado.yaml'))).toEqual({
    default_target: 'jetson-orin-nano-devkit',
    supported_targets: ['jetson-orin-nano-devkit', 'jetson-agx-orin-devkit'],
    machines: ['jetson-orin-nano-devkit', 'jetson-agx-orin-devkit'],
  });
});

test('a project is loaded in milliseconds', () => {
  const file = join(CORPUS, 'docker-save', 'avocado.yaml');
  for (let run = 0; run < 20; run++) loadConfigOrThrow(file);
  const start = performance.now();
  for (let run = 0; run < 20; run++) loadConfigOrThrow(file);
  // Some 5 ms on a busy machine; the bound only catches a change of order.
  expect((performance.now() - start) / 20).toBeLessThan(100);
});
