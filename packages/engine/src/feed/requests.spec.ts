import { join } from 'node:path';
import { loadConfigOrThrow } from '../config';
import { AvocadoError, formatError } from '../error';
import { machine, machineNames, packageExtension, rootRequests } from '.';
import type { RootRequests } from '.';

const corpus = join(__dirname, '..', 'config', 'corpus');
const supported = [
  ...['rust-vitals', 'shell-heartbeat', 'qemu-quickstart', 'cpp-tui-dashboard'],
  ...['java-hello', 'nodejs-dashboard', 'python-flask'],
];

function load(file: string, name: string) {
  return loadConfigOrThrow(file, { machine: name });
}

describe.each(machineNames())('for %s', (target) => {
  // qemu-quickstart is for no board.
  const files = machine(target).emulator ? supported : supported.filter((name) => name !== 'qemu-quickstart');
  test.each(files)('%s: every package name is mapped, every package extension is known', (name) => {
    const { config, positionOf } = load(join(corpus, name, 'avocado.yaml'), target);
    for (const [extension, { source }] of Object.entries(config.extensions)) {
      if (source?.type === 'package') expect(packageExtension(extension, target)).toBeDefined();
      else rootRequests(config, { kind: 'extension', name: extension }, { positionOf });
    }
    for (const runtime of Object.keys(config.runtimes)) {
      const requests = rootRequests(config, { kind: 'runtime', name: runtime }, { positionOf });
      const emulator = machine(target).emulator ? ['emulator'] : [];
      const interpreter = target === 'qemux86-64' ? [] : ['interpreter'];
      const roots = [...emulator, 'initramfs', ...interpreter, 'kernel', 'rootfs', 'tools'];
      expect(Object.keys(requests).sort()).toEqual(roots);
    }
  });

  test.each(['avocado-ext-dev', 'avocado-ext-sshd-dev', `avocado-bsp-${target}`])('the feed builds %s', (name) => {
    const found = packageExtension(name, target);
    if (found?.kind !== 'local') throw new Error(`${name} is not there`);
    const { config, positionOf } = load(join(found.directory, 'avocado.yaml'), target);
    expect(config.extensions[name]?.version).toBe(found.version);
    const requests = rootRequests(config, { kind: 'extension', name }, { positionOf });
    expect(Object.keys(requests).sort()).toEqual(['base', 'extension', 'tools']);
  });
});

test("a board's firmware comes with the kernel, whichever that is", () => {
  const { config } = load(join(corpus, 'rust-vitals', 'avocado.yaml'), 'raspberrypi4');
  const kernelOf = (changed: typeof config): string[] | undefined =>
    rootRequests(changed, { kind: 'runtime', name: 'dev' }, { packages: { other: ['linux-image-rt-arm64'] } }).kernel;
  expect(kernelOf(config)).toEqual(['linux-image-arm64', 'raspi-firmware']);
  const kernel: typeof config.kernel = {
    default: { kind: 'package', package: 'other' } as (typeof config.kernel)[string],
  };
  const dev = { ...config.runtimes['dev']!, kernel: 'default' };
  expect(kernelOf({ ...config, kernel, runtimes: { dev } })).toEqual(['linux-image-rt-arm64', 'raspi-firmware']);
});

test('agents of a cloud are left out with a reason; what nobody knows is nothing', () => {
  expect(packageExtension('avocado-ext-connect', 'qemux86-64')).toMatchObject({ kind: 'omitted' });
  expect(packageExtension('avocado-bsp-other', 'qemux86-64')).toBeUndefined();
  expect(packageExtension('../machines', 'qemux86-64')).toBeUndefined();
});

test('an unknown machine target is an error that lists the known ones', () => {
  expect(() => machine('raspberrypi9')).toThrow(expect.objectContaining({ code: 'MACHINE_UNKNOWN' }));
  expect(() => machine('raspberrypi5')).toThrow(
    expect.objectContaining({
      hint: expect.stringMatching(/no driver of its card reader.*It knows .*raspberrypi4/) as string,
    }),
  );
  expect(machine('qemuarm64')).toMatchObject({
    architecture: 'arm64',
    arch: 'aarch64',
    rust: 'aarch64-unknown-linux-gnu',
  });
});

describe('requests of rust-vitals', () => {
  const { config, positionOf } = load(join(corpus, 'rust-vitals', 'avocado.yaml'), 'qemuarm64');
  const requests: RootRequests = rootRequests(config, { kind: 'extension', name: 'example-rust' }, { positionOf });

  test('a compiled extension gets a toolchain with the cross compilers, and a sysroot', () => {
    expect(Object.keys(requests).sort()).toEqual(['sysroot', 'toolchain', 'tools']);
    expect(requests.toolchain).toEqual(expect.arrayContaining(['cargo-web', 'gcc-aarch64-linux-gnu', 'rustc-web']));
    expect(requests.sysroot).toContain('libstd-rust-web-dev');
  });
  test('an extension without packages gets the tools alone', () => {
    expect(Object.keys(rootRequests(config, { kind: 'extension', name: 'config-dev' }))).toEqual(['tools']);
  });
  test('the names are sorted, each once', () => {
    for (const names of Object.values(requests)) expect(names).toEqual([...new Set(names)].sort());
  });
});

describe('unmapped names', () => {
  const { config, positionOf } = load(join(corpus, 'elixir-phoenix', 'avocado.yaml'), 'qemux86-64');
  const name = Object.entries(config.extensions).find(([, { packages }]) => Object.keys(packages).length > 5)![0];
  const request = (packages = {}) => rootRequests(config, { kind: 'extension', name }, { positionOf, packages });
  const failure = (): AvocadoError => {
    try {
      request();
    } catch (error) {
      if (error instanceof AvocadoError) return error;
    }
    throw new Error('no error');
  };

  test('are one error that lists all of them with their places, and says how to map them', () => {
    const error = failure();
    expect(error.code).toBe('PACKAGE_UNMAPPED');
    expect(error.message.split('\n').length).toBeGreaterThan(5);
    for (const line of error.message.split('\n').slice(1)) expect(line).toMatch(/avocado\.yaml:\d+:\d+: [a-z0-9-]+$/);
    expect(formatError(error)).toMatch(/"packages": \{ "/);
  });
  test("the user's map wins, and an empty list leaves a name out", () => {
    const lines = failure().message.split('\n').slice(1);
    const names = lines.map((line) => line.replace(/^.*: /, ''));
    const requests = request({ ...Object.fromEntries(names.map((unmapped) => [unmapped, []])), curl: ['curl-own'] });
    expect(requests.tools).toBeDefined();
  });
});
