import { loadConfig, type LoadOptions } from '.';

function load(text: string, machine = 'qemux86-64', options: LoadOptions = {}) {
  return loadConfig('avocado.yaml', { machine, text, ...options });
}

function config(text: string, machine?: string, options?: LoadOptions) {
  const result = load(text, machine, options);
  if (result.config === undefined) throw new Error(JSON.stringify(result.errors, null, 1));
  return result.config;
}

function problems(text: string, machine?: string): string[] {
  const result = load(text, machine);
  return (result.config?.warnings ?? result.errors ?? []).map(
    ({ line, column, code, message, hint }) => `${line}:${column} ${code} ${message}${hint ? ` -> ${hint}` : ''}`,
  );
}

const EXTENSION = `
supported_targets: [qemux86-64, qemuarm64, board-x]
extensions:
  app:
    version: 1.0.0
    summary: base
    types: [sysext, confext]
    packages: {a: '1', b: '1'}
    target-qemux86-64:
      summary: target
      packages: {b: '2', c: '2'}
    qemux86-64:
      summary: bare
      types: [sysext]
      packages: {a: '0', d: '0'}
    kernel-6.*:
      summary: kernel
      target-qemuarm64: {summary: nested}
    kernel-5.15.*:
      packages: {e: '5'}
    board-x:
      types: [confext]
`;

test('maps merge, lists replace; bare target, target-, kernel- in this order', () => {
  const { summary, types, packages } = config(EXTENSION).extensions.app ?? {};
  expect(summary).toBe('target');
  expect(types).toEqual(['sysext']);
  const versions = Object.entries(packages ?? {}).map(
    ([name, spec]) => `${name}=${spec.kind === 'version' && spec.version}`,
  );
  expect(versions).toEqual(['a=0', 'b=2', 'd=0', 'c=2']);
});

test('blocks of other targets are gone, legacy ones included', () => {
  const { summary, types, packages } = config(EXTENSION, 'board-x').extensions.app ?? {};
  expect([summary, types, Object.keys(packages ?? {})]).toEqual(['base', ['confext'], ['a', 'b']]);
});

test('kernel blocks count where the kernel is known; blocks nest', () => {
  expect(config(EXTENSION, 'qemux86-64', { kernelVersion: '6.12.69-yocto' }).extensions.app?.summary).toBe('kernel');
  expect(config(EXTENSION, 'qemuarm64', { kernelVersion: '6.6.1' }).extensions.app?.summary).toBe('nested');
  const old = config(EXTENSION, 'qemuarm64', { kernelVersion: '5.15.3' }).extensions.app;
  expect([old?.summary, Object.keys(old?.packages ?? {})]).toEqual(['base', ['a', 'b', 'e']]);
});

test('positions are those of the value that won', () => {
  const result = load(EXTENSION);
  const place = (path: string[]) => result.config && result.positionOf(['extensions', 'app', ...path]);
  expect(place(['summary'])).toEqual({ file: 'avocado.yaml', line: 10, column: 16 });
  expect(place(['packages', 'a'])).toMatchObject({ line: 15, column: 21 });
  expect(place(['packages', 'b'])).toMatchObject({ line: 11, column: 21 });
  expect(place(['overlay', 'dir'])).toMatchObject({ line: 4, column: 3 });
});

test('every kind of section', () => {
  const text = `
sdk:
  image: a
  target-qemux86-64: {image: b}
  qemuarm64: {image: c}
  compile: {x: {compile: a.sh, target-qemux86-64: {compile: b.sh}}}
rootfs:
  filesystem: erofs-lz4
  target-qemux86-64: {filesystem: erofs-zst}
initramfs:
  prod: {filesystem: cpio, target-qemux86-64: {filesystem: cpio.gz}}
kernel:
  package: a
  target-qemux86-64: {package: b}
permissions:
  users: {root: {password: x}}
  target-qemux86-64: {users: {root: {password: y}}}
provision_profiles: {sd: {target-qemux86-64: {state_file: s}}}
runtimes:
  dev:
    target-qemux86-64: {rootfs: {target-qemux86-64: {packages: {p: '*'}}}, dependencies: {q: '*'}}
`;
  expect(config(text)).toMatchObject({
    sdk: { image: 'b', compile: { x: { compile: 'b.sh' } } },
    rootfs: { default: { filesystem: 'erofs-zst' }, dev: { packages: { p: '*' } } },
    initramfs: { prod: { filesystem: 'cpio.gz' } },
    kernel: { default: { package: 'b' } },
    permissions: { default: { users: { root: { password: 'y' } } } },
    provision_profiles: { sd: { state_file: 's' } },
    runtimes: { dev: { packages: { q: { kind: 'version', version: '*' } } } },
  });
  expect(config(text, 'qemuarm64').sdk.image).toBe('c');
});

test('packages are no place for blocks: there such a name is a package', () => {
  const text = "sdk: {packages: {target-tools: '*', kernel-devsrc: '*', qemuarm64: '*'}}";
  expect(Object.keys(config(text).sdk.packages)).toEqual(['target-tools', 'kernel-devsrc', 'qemuarm64']);
});

test('blocks for other targets are checked too', () => {
  expect(
    problems(`
extensions:
  app:
    version: 1.0.0
    target-qemuarm64:
      packges: {}
      overlay: ../x
    kernel-6.*: {types: [foo]}
    target-riscv: 3
`),
  ).toEqual([
    "6:7 CONFIG_UNKNOWN_KEY unknown key 'packges' -> Did you mean 'packages'?",
    "7:16 CONFIG_PATH_OUTSIDE extensions.app.overlay: the path '../x' leaves its root -> Give a path below src_dir, with '/' between its parts.",
    "8:26 CONFIG_VALUE extensions.app.types[0] cannot be the text 'foo' -> Possible are sysext, confext.",
    "9:19 CONFIG_TYPE 'target-riscv' must be a map of keys",
  ]);
});

test('what a block alone does not have may stand in the section', () => {
  expect(
    problems("extensions:\n  a:\n    source: {type: package}\n    target-qemux86-64: {source: {version: '*'}}\n"),
  ).toEqual([]);
});

test('a junk key is no bare target', () => {
  expect(problems('runtimes:\n  dev:\n    qemux86_64: {extensions: []}\n')).toEqual([
    expect.stringMatching(/^3:5 CONFIG_UNKNOWN_KEY unknown key 'qemux86_64' -> Known here: target, /),
  ]);
  expect(problems('runtimes:\n  dev:\n    qemuarm64: 3\n')).toEqual([expect.stringMatching(/^3:5 CONFIG_UNKNOWN_KEY/)]);
  expect(problems('runtimes:\n  dev:\n    my-board: {type: kos}\n', 'my-board')).toEqual([
    "3:5 CONFIG_DEPRECATED the bare target 'my-board:' as an override is deprecated -> Write 'target-my-board:'.",
  ]);
});

test('mistyped targets and kernels', () => {
  const text = `
supported_targets: [qemux86-64, raspberrypi5]
sdk:
  target-raspberypi5: {image: a}
  kernel-six: {image: b}
rootfs:
  kernel-6.6: {filesystem: erofs-zst}
`;
  expect(problems(text)).toEqual([
    "5:3 CONFIG_KERNEL_VERSION 'six' is no kernel version -> Write an exact version, '5.15.*', or a range such as '>= 6.6, < 6.12'.",
  ]);
  expect(problems(text.replace('six', '6.*'))).toEqual([
    "4:3 CONFIG_UNUSED_OVERRIDE 'raspberypi5' is not in supported_targets -> Did you mean 'target-raspberrypi5'?",
    "7:3 CONFIG_IGNORED 'kernel-6.6' is ignored here: images don't depend on a kernel",
  ]);
});

test('a version from a file cannot stand in a block', () => {
  expect(problems('extensions:\n  a:\n    version: 1.0.0\n    target-x:\n      version: {file: f}\n')).toEqual([
    "5:7 CONFIG_VERSION_PROVIDER a 'version' from a file cannot stand in an override block -> Move it to the section itself, or write the version here.",
  ]);
});
