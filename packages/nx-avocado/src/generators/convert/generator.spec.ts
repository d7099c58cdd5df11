import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { logger } from '@nx/devkit';
import type { Tree } from '@nx/devkit';
import { createTree } from '@nx/devkit/testing';
import { AvocadoError } from '@nx-avocado/engine/error';
import { openConfig } from '../shared/config-file';
import { mentionedEntries } from './claims';
import generator, { generateConvert } from './generator';

const project = `# yaml-language-server: $schema=../node_modules/nx-avocado/schema/avocado.schema.json
default_target: "qemux86-64"   # on the desk

runtimes:
  dev:
    extensions: [app, tools]

rootfs:
  default:
    filesystem: erofs-zst
    overlay: rootfs

extensions:
  # Talks to the sensor.
  app:
    version: {file: app.version}
    filesystem: erofs-lz4
    overlay: app/overlay
    packages:
      app: {compile: app, install: app-install.sh}
    on_merge:
      - "systemctl restart app.service"  # at once

  tools:
    version: "1.0.0"

sdk:
  image: "x:{{ avocado.target }}"
  compile:
    app:
      compile: app-compile.sh
`;
const files: Record<string, string> = {
  'package.json': '{}\n',
  'p/avocado.yaml': project,
  'p/avocado.lock': '{}\n',
  'p/app.version': '1.2.3\n',
  'p/app-compile.sh': 'cd app\n# shared\nmake -C "$AVOCADO_SRC_DIR/include"\n',
  'p/app-install.sh': 'install -D app/out/app "$AVOCADO_BUILD_EXT_SYSROOT/usr/bin/app"\n',
  'p/app/Makefile': 'all:\n',
  'p/app/overlay/usr/bin/run': '#!/bin/sh\n',
  'p/include/a.h': '\n',
  'p/shared/b.h': '\n',
  'p/rootfs/etc/motd': 'hi\n',
  'p/.gitignore': 'out/\n',
  'p/app/out/app': 'made\n',
};

let root: string;
let tree: Tree;
const options = { project: 'p', skipFormat: true, lock: false };
const config = (path: string) => openConfig(tree, path).config;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'nx-avocado-convert-'));
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), text);
  }
  chmodSync(join(root, 'p/app/overlay/usr/bin/run'), 0o755);
  symlinkSync('/dev/null', join(root, 'p/app/overlay/usr/masked'));
  tree = Object.assign(createTree(), { root });
  jest.spyOn(logger, 'info').mockReturnValue(undefined);
});
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
  jest.restoreAllMocks();
});

test('each extension gets a folder, and means what it meant', async () => {
  const before = config('p/avocado.yaml').extensions;
  await generateConvert(tree, options);
  expect(config('p/app/avocado.yaml').extensions).toEqual({ app: before['app'] });
  expect(config('p/app/avocado.yaml').sdk.compile['app']).toMatchObject({ compile: 'app-compile.sh' });
  // The runtime's root filesystem is not there to give the default.
  expect(tree.read('p/tools/avocado.yaml', 'utf8')).toContain('filesystem: erofs-zst');
  const { extensions, sdk, runtimes } = config('p/avocado.yaml');
  expect(Object.values(extensions).map(({ source }) => source)).toMatchObject([
    { type: 'path', path: 'app' },
    { type: 'path', path: 'tools' },
  ]);
  expect(sdk.compile).toEqual({});
  expect(runtimes['dev']?.extensions.map(({ name }) => name)).toEqual(['app', 'tools']);
});

test('comments, quotes and flow style move with the section, and stay around it', async () => {
  await generateConvert(tree, options);
  expect(tree.read('p/app/avocado.yaml', 'utf8'))
    .toBe(`# yaml-language-server: $schema=../../node_modules/nx-avocado/schema/avocado.schema.json
default_target: "qemux86-64"   # on the desk

extensions:
  # Talks to the sensor.
  app:
    version: {file: app.version}
    filesystem: erofs-lz4
    overlay: app/overlay
    packages:
      app: {compile: app, install: app-install.sh}
    on_merge:
      - "systemctl restart app.service"  # at once

sdk:
  image: "x:{{ avocado.target }}"
  compile:
    app:
      compile: app-compile.sh
`);
  const kept = project.slice(project.indexOf('default_target'), project.indexOf('  # Talks'));
  expect(tree.read('p/avocado.yaml', 'utf8')).toContain(kept);
});

test('what the section and its scripts name moves to the same path below; modes and links too', async () => {
  const finish = await generateConvert(tree, options);
  flush(tree);
  await finish();
  expect(list('p')).toEqual([
    'p/.gitignore',
    'p/app/app-compile.sh',
    'p/app/app-install.sh',
    'p/app/app.version',
    'p/app/app/Makefile',
    'p/app/app/overlay/usr/bin/run',
    'p/app/app/overlay/usr/masked',
    'p/app/avocado.lock',
    'p/app/avocado.yaml',
    'p/app/include/a.h',
    'p/app/out/app',
    'p/avocado.lock',
    'p/avocado.yaml',
    'p/rootfs/etc/motd',
    'p/shared/b.h',
    'p/tools/avocado.lock',
    'p/tools/avocado.yaml',
  ]);
  expect(lstatSync(join(root, 'p/app/app/overlay/usr/bin/run')).mode & 0o777).toBe(0o755);
  expect(readlinkSync(join(root, 'p/app/app/overlay/usr/masked'))).toBe('/dev/null');
});

test('where all of it stands in the folder already, nothing moves and the paths get shorter', async () => {
  tree.write(
    'q/avocado.yaml',
    `default_target: qemux86-64
runtimes: {dev: {extensions: [hello]}}
extensions:
  hello:
    version: 1.0.0
    overlay: hello/overlay
    packages: {hello: {compile: hello, install: "hello/install.sh"}}
sdk:
  compile:
    hello: {compile: hello/compile.sh}
`,
  );
  for (const file of ['overlay/etc/a', 'install.sh', 'compile.sh'])
    tree.write(`q/hello/${file}`, 'cd "$(dirname "$0")"\n');
  await generateConvert(tree, { ...options, project: 'q/avocado.yaml' });
  const { extensions, sdk } = config('q/hello/avocado.yaml');
  expect(extensions['hello']).toMatchObject({
    overlay: { dir: 'overlay' },
    packages: { hello: { install: 'install.sh' } },
  });
  expect(sdk.compile['hello']).toMatchObject({ compile: 'compile.sh' });
  expect(tree.exists('q/hello/overlay/etc/a')).toBe(true);
});

test('one extension alone', async () => {
  await generateConvert(tree, { ...options, extensions: ['tools'] });
  const { extensions } = config('p/avocado.yaml');
  expect(extensions['tools']?.source).toBeDefined();
  expect(extensions['app']?.source).toBeUndefined();
  expect(tree.exists('p/app/Makefile')).toBe(true);
});

test.each<[string, (text: string) => string, object, string, RegExp]>([
  [
    'nothing to move',
    (text) => text.replace(/^ {2}# Talks[^]*?(?=^sdk)/m, '').replace('[app, tools]', '[]'),
    {},
    'CONVERT_NOTHING',
    /p\/avocado\.yaml/,
  ],
  ['an extension that is not there', (text) => text, { extensions: ['x'] }, 'EXTENSION_MISSING', /called x/],
  ['another project', (text) => text, { project: 'elsewhere' }, 'CONVERT_NOTHING', /no elsewhere\/avocado\.yaml/],
  [
    'an overlay for two',
    (text) => text.replace('"1.0.0"', '"1.0.0"\n    overlay: app'),
    {},
    'CONVERT_SHARED',
    /p\/app.*extension tools/,
  ],
  [
    'an overlay of the image',
    (text) => text.replace('overlay: rootfs', 'overlay: include'),
    {},
    'CONVERT_SHARED',
    /p\/include.*image/,
  ],
  [
    'a script for two',
    (text) => text.replace('"1.0.0"', '"1.0.0"\n    packages: {t: {compile: app, install: t.sh}}'),
    {},
    'CONVERT_SHARED',
    /sdk\.compile\.app/,
  ],
  [
    'a part of the old file',
    (text) => text.replace('version: "1.0.0"', 'version: "1.0.0"\n    summary: "{{ config.rootfs.default.overlay }}"'),
    {},
    'CONVERT_IMPOSSIBLE',
    /tools.*config\.rootfs/,
  ],
])('%s is an error', async (_name, change, wrong, code, message) => {
  tree.write('p/avocado.yaml', change(project));
  const before = tree.listChanges().length;
  const error: unknown = await generateConvert(tree, { ...options, ...wrong }).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(AvocadoError);
  expect(error).toMatchObject({
    code,
    message: expect.stringMatching(message) as string,
    hint: expect.any(String) as string,
  });
  expect(tree.listChanges().length).toBeGreaterThanOrEqual(before);
});

test('the second time is an error that changes nothing', async () => {
  await generateConvert(tree, options);
  const changes = tree.listChanges().map(({ path }) => path);
  await expect(generator(tree, options)).rejects.toThrow(/nothing was changed \[CONVERT_NOTHING\]/);
  expect(tree.listChanges().map(({ path }) => path)).toEqual(changes);
});

test.each([
  ['cd app', true],
  ['cp -r "app/x" .', true],
  ['cd "$AVOCADO_SRC_DIR/app"', true],
  ['cd ${AVOCADO_SRC_DIR}/app', true],
  ['make -C ./app', true],
  ['DIR=app', true],
  ['install x /usr/bin/app', false],
  ['# cd app', false],
  ['cd application', false],
])('a script with %j takes the directory app along: %s', (script, taken) => {
  expect(mentionedEntries(script, ['app'])).toEqual(taken ? ['app'] : []);
});

function flush(of: Tree): void {
  for (const { path, type, content, options: { mode } = {} } of of.listChanges()) {
    const file = join(root, path);
    if (type === 'DELETE') rmSync(file, { recursive: true, force: true });
    else {
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, content ?? '');
      if (mode) chmodSync(file, mode);
    }
  }
}

function list(directory: string): string[] {
  return readdirSync(join(root, directory), { withFileTypes: true, recursive: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .sort();
}
