import { logger } from '@nx/devkit';
import type { Tree } from '@nx/devkit';
import { createTreeWithEmptyWorkspace } from '@nx/devkit/testing';
import { parseToml } from '@nx-avocado/engine/rust';
import { parseChecks } from '../../executors/boot-test/checks';
import { generateRuntime } from '../runtime/generator';
import { openConfig } from '../shared/config-file';
import { pluginName } from '../shared/registration';
import generator, { generateRustExtension } from './generator';

const options = { name: 'hello', skipFormat: true };
let tree: Tree;
const read = (path: string): string => tree.read(path, 'utf8') ?? '';
const config = (path = 'dev/avocado.yaml', machine?: string) => openConfig(tree, path, undefined, machine).config;
const snapshot = (): Record<string, string> =>
  Object.fromEntries(tree.listChanges().map(({ path, content }) => [path, String(content)]));

beforeEach(async () => {
  tree = createTreeWithEmptyWorkspace();
  tree.write('nx.json', JSON.stringify({ plugins: [pluginName] }));
  await generateRuntime(tree, { name: 'dev', skipFormat: true });
});
afterEach(() => jest.restoreAllMocks());

test('joins the only runtime, and the boot test wants its line', async () => {
  await generateRustExtension(tree, options);
  const { extensions, runtimes, sdk } = config();
  expect(runtimes['dev']?.extensions.at(-1)).toEqual({ name: 'hello', enabled: true });
  expect(extensions['hello']).toMatchObject({
    version: '0.1.0',
    overlay: { dir: 'hello/overlay' },
    enable_services: ['hello.service'],
    on_merge: ['systemctl restart --no-block hello.service'],
    on_unmerge: ['systemctl stop hello.service'],
    packages: { hello: { kind: 'compiled', compile: 'hello', install: 'hello/install.sh' } },
  });
  expect(sdk.compile['hello']).toMatchObject({ compile: 'hello/compile.sh' });
  expect(parseChecks(read('dev/boot-test.json'), 'boot-test.json', 'dev')).toEqual([
    { kind: 'unit', unit: 'multi-user.target' },
    { kind: 'journal', unit: 'hello.service', pattern: '^hello beat=\\d+$', count: 1 },
  ]);
});

test('writes a crate that cargo takes as it is', async () => {
  await generateRustExtension(tree, options);
  expect(parseToml(read('dev/hello/crate/Cargo.toml'), 'Cargo.toml')).toMatchObject({
    package: { name: 'hello', metadata: { avocado: { extension: 'hello', package: 'hello' } } },
    profile: { release: { strip: true } },
  });
  expect(read('dev/hello/crate/Cargo.lock')).toMatch(/\[\[package\]\]\nname = "hello"\nversion = "0\.1\.0"\n$/);
  expect(read('dev/hello/compile.sh')).toContain('"$(dirname "$0")/crate/Cargo.toml"');
  const modes = tree.listChanges().flatMap(({ path, options: { mode } = {} }) => (mode === undefined ? [] : [path]));
  expect(modes).toEqual(['dev/hello/compile.sh', 'dev/hello/install.sh']);
});

test.each([
  ['oneshot', /Type=oneshot\nRemainAfterExit=yes\nExecStart=\/usr\/bin\/hello\nDynamicUser/, '^hello done$'],
  ['simple', /\[Service\]\nExecStart=\/usr\/bin\/hello\nRestart=on-failure\n/, '^hello beat=\\d+$'],
] as const)('service %s', async (service, unit, pattern) => {
  await generateRustExtension(tree, { ...options, service });
  expect(read('dev/hello/overlay/usr/lib/systemd/system/hello.service')).toMatch(unit);
  expect(read('dev/boot-test.json')).toContain(JSON.stringify(pattern));
});

test('without a service there is no unit, no overlay and no check', async () => {
  const checks = read('dev/boot-test.json');
  await generateRustExtension(tree, { ...options, service: 'none' });
  expect(config().extensions['hello']).toMatchObject({ enable_services: [], on_merge: [], on_unmerge: [] });
  expect(config().extensions['hello']?.overlay).toBeUndefined();
  expect(tree.exists('dev/hello/overlay')).toBe(false);
  expect(read('dev/boot-test.json')).toBe(checks);
});

test('commands of on_merge are the given ones', async () => {
  const onMerge = ['systemctl daemon-reload', "sh -c 'echo a: b # c'"];
  await generateRustExtension(tree, { ...options, onMerge });
  expect(config().extensions['hello']?.on_merge).toEqual(onMerge);
});

test('a further machine target joins those of the file', async () => {
  await generateRustExtension(tree, { ...options, machine: 'qemuarm64' });
  expect(config().supported_targets).toEqual(['qemux86-64', 'qemuarm64']);
  expect(config(undefined, 'qemuarm64').runtimes['dev']?.extensions.at(-1)?.name).toBe('hello');
});

test('a folder of its own is composed by its path', async () => {
  await generateRustExtension(tree, { ...options, layout: 'folder' });
  expect(config().extensions['hello']?.source).toMatchObject({ type: 'path', path: 'hello' });
  expect(config().sdk.compile).toEqual({});
  const own = config('dev/hello/avocado.yaml');
  expect(own.machine).toBe('qemux86-64');
  expect(own.extensions['hello']).toMatchObject({
    overlay: { dir: 'overlay' },
    packages: { hello: { compile: 'hello', install: 'install.sh' } },
  });
  expect(own.sdk).toMatchObject({
    packages: { 'avocado-sdk-toolchain': '*' },
    compile: { hello: { compile: 'compile.sh' } },
  });
  expect(own.sdk.image).toBe('docker.io/avocadolinux/sdk:2024-edge');
});

test('a folder of its own may be for another machine target', async () => {
  await generateRustExtension(tree, { ...options, layout: 'folder', machine: 'qemuarm64' });
  expect(config('dev/hello/avocado.yaml')).toMatchObject({
    default_target: 'qemuarm64',
    supported_targets: ['qemux86-64', 'qemuarm64'],
  });
});

describe('a cargo workspace', () => {
  const root = '# All crates.\n[workspace]\nmembers = ["crates/*"] # by place\nresolver = "2"\n';
  beforeEach(() => {
    tree.write('Cargo.toml', root);
    tree.write('Cargo.lock', 'version = 4\n\n[[package]]\nname = "shared"\nversion = "0.1.0"\n');
    jest.spyOn(logger, 'warn').mockReturnValue(undefined);
  });

  test('gets the crate as a member, and its lock the package', async () => {
    await generateRustExtension(tree, { ...options, crate: 'crates/hello' });
    expect(read('Cargo.toml')).toBe(root);
    expect(read('Cargo.lock')).toMatch(/name = "hello"\nversion = "0\.1\.0"\n\n\[\[package\]\]\nname = "shared"/);
    expect(read('crates/hello/Cargo.toml')).not.toMatch(/profile|workspace/);
    expect(tree.exists('crates/hello/Cargo.lock')).toBe(false);
    expect(read('dev/hello/compile.sh')).toContain('"$(dirname "$0")/../../crates/hello/Cargo.toml"');
    expect(logger.warn).toHaveBeenCalledWith(expect.stringMatching(/outside dev.*avocado CLI/));
  });

  test('gets it where no pattern has it', async () => {
    await generateRustExtension(tree, options);
    expect(read('Cargo.toml')).toBe(root.replace('["crates/*"]', '["crates/*", "dev/hello/crate"]'));
  });

  test('is left alone where it is not wanted', async () => {
    await generateRustExtension(tree, { ...options, cargoWorkspace: false });
    expect(read('Cargo.toml')).toBe(root);
    expect(read('dev/hello/crate/Cargo.toml')).toMatch(/\n\[workspace\]\n$/);
    expect(tree.exists('dev/hello/crate/Cargo.lock')).toBe(true);
  });
});

test('several runtimes: one has to be named', async () => {
  await generateRuntime(tree, { name: 'prod', directory: 'dev', skipFormat: true });
  await generateRuntime(tree, { name: 'dev', directory: 'other', skipFormat: true });
  await expect(generator(tree, options)).rejects.toThrow(
    /several runtimes: dev\/dev, dev\/prod, other\/dev \[RUNTIME_AMBIGUOUS\]\n {2}hint: Say which: --runtime dev\/dev/,
  );
  await expect(generator(tree, { ...options, runtime: 'dev' })).rejects.toThrow(/called dev: dev\/dev, other\/dev/);
  await expect(generator(tree, { ...options, runtime: 'x' })).rejects.toThrow(/no runtime x \[RUNTIME_MISSING\]/);
  await generateRustExtension(tree, { ...options, runtime: 'other/dev' });
  expect(tree.exists('other/hello/crate/src/main.rs')).toBe(true);
});

test.each([
  ['the same name', {}, /dev\/avocado\.yaml has an extension hello already; nothing was changed \[EXTENSION_EXISTS\]/],
  [
    'a directory that is there',
    { name: 'other', directory: 'dev/hello' },
    /dev\/hello is there already.*\[PATH_EXISTS\]/,
  ],
  ['a crate that is there', { name: 'other', crate: 'dev/hello/crate' }, /dev\/hello\/crate is there already/],
  ['a directory elsewhere', { name: 'other', directory: 'elsewhere' }, /\[PATH_INVALID\]\n {2}hint: .*--layout folder/],
  ['a keyword', { name: 'match' }, /\[NAME_INVALID\]/],
  ['a summary that needs quotes', { name: 'other', summary: 'a "b"' }, /\[SUMMARY_INVALID\]/],
  ['no cargo workspace', { name: 'other', cargoWorkspace: true }, /\[CARGO_WORKSPACE_MISSING\]/],
  ['a machine that the feed lacks', { name: 'other', machine: 'raspberrypi5' }, /\[MACHINE_UNKNOWN\]/],
])('%s is an error', async (_name, wrong, message) => {
  await generateRustExtension(tree, options);
  await expect(generator(tree, { ...options, ...wrong })).rejects.toThrow(message);
});

test('without a runtime there is nothing to join', async () => {
  tree.delete('dev/avocado.yaml');
  const before = snapshot();
  await expect(generator(tree, options)).rejects.toThrow(
    /\[RUNTIME_MISSING\]\n {2}hint: .*nx g nx-avocado:runtime dev/,
  );
  expect(snapshot()).toEqual(before);
});
