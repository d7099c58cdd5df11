import { loadConfig } from '.';

function errors(text: string): string[] {
  return (loadConfig('avocado.yaml', { machine: 'qemux86-64', text }).errors ?? []).map(
    ({ line, column, code, message, hint }) => `${line}:${column} ${code} ${message}${hint ? ` -> ${hint}` : ''}`,
  );
}

const EXTENSION = 'extensions:\n  app:\n    version: 1.0.0\n';

test.each([
  [
    'supported_target: "*"',
    "1:1 CONFIG_UNKNOWN_KEY unknown key 'supported_target' -> Did you mean 'supported_targets'?",
  ],
  [`${EXTENSION}    overlays: o`, "4:5 CONFIG_UNKNOWN_KEY unknown key 'overlays' -> Did you mean 'overlay'?"],
  [`${EXTENSION}    vresion: x`, "4:5 CONFIG_UNKNOWN_KEY unknown key 'vresion' -> Did you mean 'version'?"],
  [`${EXTENSION}    dependencies: {}`, "4:5 CONFIG_UNKNOWN_KEY unknown key 'dependencies' -> Write 'packages'."],
  [
    'runtimes: {dev: {var: {subvolume: {}}}}',
    "1:24 CONFIG_UNKNOWN_KEY unknown key 'subvolume' -> Did you mean 'subvolumes'?",
  ],
  [
    `${EXTENSION}    packages: {x: {compile: a, instal: b}}`,
    "4:32 CONFIG_UNKNOWN_KEY unknown key 'instal' -> Did you mean 'install'?",
  ],
  [`${EXTENSION}    overlay: {dri: x}`, "4:15 CONFIG_UNKNOWN_KEY unknown key 'dri' -> Did you mean 'dir'?"],
  ['<<: {a: 1}', "1:1 CONFIG_UNKNOWN_KEY unknown key '<<' -> Merge keys are not part of YAML 1.2"],
  ['a: 1\na: 2', "2:1 CONFIG_DUPLICATE_KEY duplicate key 'a' -> It is already set in line 1; keep one of the two."],
  ['sdk:\n  image: x\n  image: y', "3:3 CONFIG_DUPLICATE_KEY duplicate key 'image'"],
  ['sdk: [', '1:7 CONFIG_SYNTAX YAML: Flow sequence in block collection'],
  ['sdk:\n\timage: x', '2:1 CONFIG_SYNTAX YAML: Tabs are not allowed as indentation'],
  [
    `${EXTENSION}    packages: a=b`,
    "4:15 CONFIG_TYPE extensions.app.packages must be a map of keys, not the text 'a=b' -> Write 'key: value' in lines of their own, with ':' and not '='.",
  ],
  [
    `${EXTENSION}    reload_service_manager: yes`,
    "4:29 CONFIG_TYPE extensions.app.reload_service_manager must be true or false, not the text 'yes'",
  ],
  [
    `${EXTENSION}    filesystem: ext4`,
    "4:17 CONFIG_VALUE extensions.app.filesystem cannot be the text 'ext4' -> Possible are squashfs, erofs",
  ],
  [`${EXTENSION}    on_merge: systemctl restart x`, '4:15 CONFIG_TYPE extensions.app.on_merge must be a list'],
  [
    `${EXTENSION}    on_merge: ["a\\nb"]`,
    '4:16 CONFIG_VALUE extensions.app.on_merge[0]: a line break cannot stand here',
  ],
  [
    `${EXTENSION}    source: {type: svn}`,
    "4:20 CONFIG_VALUE extensions.app.source.type cannot be the text 'svn' -> Possible are package, git, path.",
  ],
  [
    `${EXTENSION}    source: {version: 1}`,
    '4:5 CONFIG_MISSING_KEY extensions.app.source.type is missing -> Possible are package, git, path.',
  ],
  [`${EXTENSION}    source: {type: package}`, '4:5 CONFIG_MISSING_KEY extensions.app.source.version is missing'],
  ['source_date_epoch: -1', '1:20 CONFIG_VALUE source_date_epoch is too small -> At least 0.'],
  ['source_date_epoch: 1.5', '1:20 CONFIG_TYPE source_date_epoch must be a whole number'],
  ['source_date_epoch: now', "1:20 CONFIG_TYPE source_date_epoch must be a number, not the text 'now'"],
  ['sdk: {image: 3}', '1:14 CONFIG_TYPE sdk.image must be a text, not the number 3'],
  ['sdk: image', "1:6 CONFIG_TYPE sdk must be a map of keys, not the text 'image'"],
  ['extensions: []', '1:13 CONFIG_TYPE extensions must be a map of keys, not a list'],
  [
    'sdk: {packages: {a: }}',
    '1:18 CONFIG_TYPE sdk.packages.a cannot be empty -> Expected a text or a number or a map of keys.',
  ],
  [
    'permissions: {users: {"a:b": {}}}',
    "1:23 CONFIG_NAME permissions.default.users.a:b: the name 'a:b' has ':' or ','",
  ],
  [
    'permissions: {users: {a: {home: "/x\\ny"}}}',
    '1:33 CONFIG_VALUE permissions.default.users.a.home: a line break cannot stand here',
  ],
  [
    'signing_keys: [{a: b, c: d}]',
    "1:16 CONFIG_VALUE signing_keys[0]: one key per list entry -> Write '- name: keyid'.",
  ],
])('%s', (text, expected) => {
  const found = errors(text);
  expect(found.find((error) => error.startsWith(expected)) ?? found).toEqual(expect.stringContaining(expected));
});

test.each(['a/b', '../a', '..', '.', 'a..b', 'a\\b', '', '"a\\nb"', 'a b', '-a', '/abs', 'x'.repeat(300)])(
  'name %s',
  (name) => {
    const key = name === '' ? '""' : name;
    for (const text of [
      `extensions:\n  ${key}: {version: 1.0.0}`,
      `runtimes:\n  ${key}: {}`,
      `sdk: {compile: {${key}: {}}}`,
      `sdk: {packages: {${key}: '*'}}`,
      `rootfs:\n  ${key}: {}`,
      `provision_profiles:\n  ${key}: {}`,
    ]) {
      expect(errors(text).join('\n')).toMatch(/CONFIG_NAME/);
    }
  },
);

const PATHS: [string, (path: string) => string][] = [
  ['overlay', (path) => `${EXTENSION}    overlay: ${path}`],
  ['overlay.dir', (path) => `${EXTENSION}    overlay: {dir: ${path}}`],
  ['post_build', (path) => `${EXTENSION}    post_build: ${path}`],
  ['var_files', (path) => `${EXTENSION}    var_files: [${path}]`],
  ['package_files', (path) => `${EXTENSION}    package_files: [${path}]`],
  ['stone_include_paths', (path) => `${EXTENSION}    stone_include_paths: [${path}]`],
  ['subvolumes', (path) => `${EXTENSION}    subvolumes: {${path}: true}`],
  ['install', (path) => `${EXTENSION}    packages: {a: {compile: a, install: ${path}}}`],
  ['compile', (path) => `sdk: {compile: {a: {compile: ${path}}}}`],
  ['clean', (path) => `sdk: {compile: {a: {clean: ${path}}}}`],
  ['post_install', (path) => `rootfs: {post_install: ${path}}`],
  ['kernel install', (path) => `kernel: {compile: a, install: ${path}}`],
  ['runtime var_files', (path) => `runtimes: {dev: {var_files: [{source: ${path}, dest: x}]}}`],
  ['runtime var_files dest', (path) => `runtimes: {dev: {var_files: [{source: x, dest: ${path}}]}}`],
  ['stone_manifest', (path) => `runtimes: {dev: {stone_manifest: ${path}}}`],
  ['state_file', (path) => `provision_profiles: {sd: {state_file: ${path}}}`],
];

test.each(PATHS)('%s stays below its root', (_, text) => {
  for (const path of ['../x', 'a/../../x', '/etc', '..', 'a\\b', '"{{ env.P }}"']) {
    const found = loadConfig('avocado.yaml', { machine: 'm', text: text(path), env: { P: '../x' } }).errors ?? [];
    expect(found.map(({ code }) => code)).toContain('CONFIG_PATH_OUTSIDE');
  }
  for (const path of ['x', './x', 'a/../x', 'a..b/c', 'a/**']) expect(errors(text(path)).join()).not.toMatch('PATH');
});

test('source.path may lead to a folder beside src_dir; the graph knows where the workspace ends', () => {
  const found = (path: string): string => errors(`${EXTENSION}    source: {type: path, path: ${path}}`).join();
  for (const path of ['..', '../x', '../../x/y', 'x', './x']) expect(found(path)).toBe('');
  for (const path of ['/etc', 'a/../../x', '../a/../../x', 'a\\b']) expect(found(path)).toMatch('CONFIG_PATH_OUTSIDE');
});

test('all errors are reported at once, in the order of the file', () => {
  const found = errors(`
cli_requirement: ">=9"
sdk:
  imag: x
  image: "{{ config.none }}"
extensions:
  a: {version: 1}
  b/c: {version: 1.0.0}
runtimes:
  dev: {extensions: 3}
`);
  expect(found.map((error) => error.split(' ').slice(0, 2).join(' '))).toEqual([
    '2:18 CONFIG_CLI_REQUIREMENT',
    '4:3 CONFIG_UNKNOWN_KEY',
    '5:11 CONFIG_INTERPOLATION',
    '7:16 CONFIG_VERSION',
    '8:3 CONFIG_NAME',
    '10:21 CONFIG_TYPE',
  ]);
});

test('an unknown key does not hide what the rules find', () => {
  const found = errors('runtimes:\n  dev:\n    extnsions: []\n    extensions: [x]\n');
  expect(found.map((error) => error.split(' ')[1])).toEqual(['CONFIG_UNKNOWN_KEY', 'CONFIG_EXTENSION_UNDEFINED']);
});

test('CRLF, BOM, aliases and comments change nothing', () => {
  const text = '\ufeff# comment\r\nsdk:\r\n  packages: &p {a: "1"}\r\n  compile: {x: {packages: *p}}\r\n  foo: 1\r\n';
  expect(errors(text)).toEqual([expect.stringMatching(/^5:3 CONFIG_UNKNOWN_KEY unknown key 'foo'/)]);
  const { config } = loadConfig('avocado.yaml', { machine: 'm', text: text.replace('  foo: 1\r\n', '') });
  expect(config?.sdk.compile.x?.packages).toEqual({ a: '1' });
});
