import { chooseEmulation, registrationOf } from './emulation';
import { mmdebstrapArgv } from './install';
import type { RootSpec } from './types';

const held = 'enabled\ninterpreter /usr/bin/qemu-aarch64\nflags: POCF\noffset 0\n';

test.each([
  ['arm64', '6.1.0', undefined, 'native'],
  ['amd64', '6.7.0', undefined, 'private'],
  ['amd64', '6.18.44-fc-v669', undefined, 'private'],
  ['amd64', '10.0-rc1', undefined, 'private'],
  ['amd64', '6.6.99', undefined, 'none'],
  ['amd64', '5.15.153.1-microsoft-standard-WSL2', undefined, 'none'],
  ['amd64', '6.1.0-30-amd64', held, 'registered'],
  ['amd64', '6.18.0', held, 'registered'],
  ['amd64', '6.18.0', held.replace('enabled', 'disabled'), 'private'],
  // The kernel would look for it in the new root.
  ['amd64', '6.18.0', held.replace('POCF', 'OC'), 'private'],
  ['amd64', '6.1.0', held.replace('POCF', 'OC'), 'none'],
] as const)('arm64 on %s, Linux %s: %#', (architecture, kernel, registration, expected) => {
  expect(chooseEmulation('arm64', { architecture, kernel, registration })).toBe(expected);
});

test('what is registered is the line of the package, with the place where the emulator is', () => {
  const line = String.raw`:qemu-aarch64:M::\x7f\x45:\xff\xff:/usr/libexec/qemu-binfmt/aarch64-binfmt-P:OPF`;
  expect(registrationOf(`${line}\n`, '/tmp/x/qemu-aarch64')).toBe(
    String.raw`:qemu-aarch64:M::\x7f\x45:\xff\xff:/tmp/x/qemu-aarch64:OPF`,
  );
  expect(() => registrationOf(line.replace('OPF', 'OP'), '/x')).toThrow(/another registration/);
  expect(() => registrationOf('', '/x')).toThrow(/another registration/);
});

test('mmdebstrap asks arch-test only where nothing is known, and registers only what is private', () => {
  const spec: RootSpec = { method: 'install', architecture: 'arm64', packages: [], digest: '' };
  const argvOf = (emulation: Parameters<typeof mmdebstrapArgv>[3]): string[] =>
    mmdebstrapArgv(spec, '/repository', '/root.tar', emulation).filter((word) => /qemu|setup-hook/.test(word));
  expect(argvOf('native')).toEqual([]);
  expect(argvOf('none')).toEqual([]);
  expect(argvOf('registered')).toEqual(['--skip=check/qemu']);
  expect(argvOf('private')).toEqual([
    '--skip=check/qemu',
    expect.stringContaining('--setup-hook=mount -t binfmt_misc'),
  ]);
});
