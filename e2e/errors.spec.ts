import { readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { TestWorkspace } from './support/workspace';

/** What a user sees of wrong input, from `nx run`; and what stood there before still stands. */
const workspace = new TestWorkspace();
const yaml = 'examples/heartbeat/avocado.yaml';
const output = 'examples/heartbeat/.avocado/heartbeat/qemux86-64/build';

const outputs = (): Record<string, string> =>
  Object.fromEntries(
    readdirSync(workspace.path(output))
      .sort()
      .map((name) => [name, readFileSync(workspace.path(`${output}/${name}`)).toString('base64')]),
  );

/** Runs a task that must fail; the build's last good output must stay as it is. */
async function failure(args: string[], env: Record<string, string> = {}): Promise<string> {
  const before = outputs();
  const result = await workspace.nx(['run', ...args], env);
  expect(result.code).not.toBe(0);
  expect(outputs()).toEqual(before);
  return result.output;
}

/** How often a text stands in another. */
const count = (text: string, part: string): number => text.split(part).length - 1;

jest.setTimeout(15 * 60_000);
beforeAll(async () => {
  workspace.reset();
  const { code, output: text } = await workspace.nx(['run-many', '-t', 'build', '-p', 'heartbeat,example-rust']);
  if (code !== 0) throw new Error(text);
});
afterEach(() => workspace.reset());

test.each<[string, (text: string) => string, string, string]>([
  [
    'YAML syntax',
    (text) => text.replace('    summary: Device', '    summary: [Device'),
    'CONFIG_SYNTAX',
    `${yaml}:43:5`,
  ],
  [
    'an unknown key',
    (text) => text.replace('    enable_services:', '    enable_service:'),
    'CONFIG_UNKNOWN_KEY',
    `${yaml}:44:5`,
  ],
  [
    'a wrong type',
    (text) => text.replace('summary: Device heartbeat monitor', 'summary: [1]'),
    'CONFIG_TYPE',
    `${yaml}:`,
  ],
  [
    'a duplicate key',
    (text) => text.replace('    overlay: heartbeat/overlay\n', '$&$&'),
    'CONFIG_DUPLICATE_KEY',
    `${yaml}:`,
  ],
  [
    'a bad version',
    (text) => text.replace(/version: 0\.1\.0(?=\n {4}summary)/, 'version: banana'),
    'CONFIG_VERSION',
    `${yaml}:`,
  ],
  [
    'a name with path separators',
    (text) => text.replace('\n  heartbeat-app:', '\n  ../heartbeat-app:'),
    'CONFIG_NAME',
    `${yaml}:`,
  ],
  [
    'an unsupported machine target',
    (text) => text.replace("supported_targets: '*'", 'supported_targets: [qemuarm64]'),
    'CONFIG_TARGET_UNSUPPORTED',
    `${yaml}:4:`,
  ],
  [
    'an unmapped package',
    (text) => text.replace('    overlay: heartbeat/overlay', "    packages:\n      no-such-package: '*'\n$&"),
    'PACKAGE_UNMAPPED',
    `${yaml}:`,
  ],
  [
    'a missing overlay',
    (text) => text.replace('overlay: heartbeat/overlay', 'overlay: heartbeat/none'),
    'OVERLAY_MISSING',
    `${yaml}:`,
  ],
  [
    'a missing unit',
    (text) => text.replace('      - heartbeat.service', '      - heartbaet.service'),
    'UNIT_MISSING',
    `${yaml}:45:9`,
  ],
])('%s', async (_title, change, code, place) => {
  workspace.edit(yaml, change);
  const text = await failure(['heartbeat:build']);
  expect(text).toContain(code);
  expect(text).toContain(place);
});

test('another machine target than the file is for: it is not the default one that is built', async () => {
  workspace.edit(yaml, (text) => text.replace("supported_targets: '*'", 'supported_targets: [qemux86-64]'));
  for (const task of ['heartbeat:build:qemuarm64', 'heartbeat-dev:provision:qemuarm64']) {
    const text = await failure([task]);
    expect(text).toContain(`${yaml}: supported_targets does not name qemuarm64 [CONFIG_TARGET_UNSUPPORTED]`);
    expect(text).toContain('It names qemux86-64.');
  }
  expect((await workspace.nx(['run', 'heartbeat:build'])).code).toBe(0);
});

test('a file with errors takes neither the graph nor the other projects down', async () => {
  workspace.edit(yaml, (text) => text.replace('extensions:', 'extensions: ['));
  const names = (await workspace.json(['show', 'projects'])) as string[];
  expect(names).toEqual(expect.arrayContaining(['example-rust', 'dev', 'heartbeat-dev']));
  expect((await workspace.nx(['run', 'example-rust:build'])).code).toBe(0);
  workspace.write(yaml, '\t:::');
  expect(await workspace.json(['show', 'projects'])).toContain('heartbeat');
});

test('an unmapped package fails its own project, not its neighbours', async () => {
  workspace.edit(yaml, (text) => text.replace('    overlay: heartbeat/overlay', "    packages: { nothing: '*' }\n$&"));
  expect((await workspace.nx(['run', 'heartbeat-app:build'])).code).toBe(0);
  expect(await failure(['heartbeat-dev:build'])).toContain('PACKAGE_UNMAPPED');
});

test('a link of the overlay that leaves the project', async () => {
  rmSync(workspace.path('examples/heartbeat/heartbeat/overlay/usr/link'), { force: true });
  symlinkSync('../../../../../../outside', workspace.path('examples/heartbeat/heartbeat/overlay/usr/link'));
  const text = await failure(['heartbeat:build']);
  expect(text).toContain('OVERLAY_LINK_ESCAPES');
  expect(text).toMatch(/examples\/heartbeat\/avocado\.yaml:\d+:\d+: link .*usr\/link/);
});

describe('the Rust extension', () => {
  const crate = 'examples/rust-vitals/ref-rust';
  const rust = 'examples/rust-vitals/.avocado/example-rust/qemux86-64/compile/manifest.json';

  test("an error in main.rs: the compiler's own message, once, and the last good output stays", async () => {
    const before = workspace.read(rust);
    workspace.edit(`${crate}/src/main.rs`, (text) => `${text}\nconst WRONG: u32 = "text";\n`);
    const { code, output: text } = await workspace.nx(['run', 'example-rust:build']);
    expect(code).not.toBe(0);
    expect(count(text, 'error[E0308]: mismatched types')).toBe(1);
    expect(text).toMatch(/src\/main\.rs:\d+:\d+/);
    expect(text).toContain('COMMAND_FAILED');
    expect(workspace.read(rust)).toBe(before);
  });

  test('a script that is not there', async () => {
    workspace.edit(`${crate}/Cargo.toml`, (text) => text.replace(/\[package\.metadata\.avocado\][^[]*/, ''));
    rmSync(workspace.path('examples/rust-vitals/rust-compile.sh'));
    const { code, output: text } = await workspace.nx(['run', 'example-rust:compile']);
    expect(code).not.toBe(0);
    expect(text).toMatch(
      /examples\/rust-vitals\/avocado\.yaml:\d+:\d+: .*rust-compile\.sh.*\[COMPILE_SCRIPT_MISSING\]/,
    );
  });

  test('a crate that names a package which the extension does not have', async () => {
    workspace.edit(`${crate}/Cargo.toml`, (text) => text.replace('package = "example-rust-app"', 'package = "other"'));
    const { code, output: text } = await workspace.nx(['run', 'example-rust:build']);
    expect(code).not.toBe(0);
    expect(text).toContain(`${crate}/Cargo.toml`);
    expect(text).toContain('CRATE_PACKAGE_UNKNOWN');
  });
});

test('options of the plugin that are not known', async () => {
  workspace.edit('nx.json', (text) => text.replace('"feed": "debian"', '"feeds": "debian"'));
  const { code, output: text } = await workspace.nx(['show', 'projects']);
  expect(code).not.toBe(0);
  expect(text).toContain('"feeds" is not known');
});
