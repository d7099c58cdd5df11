import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AvocadoError } from '../error';
import { loadConfig, loadConfigOrThrow, type LoadOptions } from '.';

/** Loads a text for `qemux86-64` unless told otherwise. */
function load(text: string, options: LoadOptions = {}) {
  return loadConfig('avocado.yaml', { machine: 'qemux86-64', text, ...options });
}

function config(text: string, options?: LoadOptions) {
  const result = load(text, options);
  if (result.config === undefined) throw new Error(JSON.stringify(result.errors, null, 1));
  return result.config;
}

/** `line:column CODE message`, and the hint behind an arrow. */
function errors(text: string, options?: LoadOptions): string[] {
  return (load(text, options).errors ?? []).map(
    ({ line, column, code, message, hint }) => `${line}:${column} ${code} ${message}${hint ? ` -> ${hint}` : ''}`,
  );
}

function warnings(text: string, options?: LoadOptions): string[] {
  return config(text, options).warnings.map(({ line, column, code }) => `${line}:${column} ${code}`);
}

describe('defaults', () => {
  test('an empty file is a project with nothing in it', () => {
    expect(config('')).toEqual({
      file: join(process.cwd(), 'avocado.yaml'),
      src_dir: process.cwd(),
      machine: 'qemux86-64',
      board: 'qemux86-64',
      supported_targets: '*',
      distro: { repo: { tls_verify: true } },
      runtimes: {},
      extensions: {},
      sdk: { packages: {}, compile: {}, container_args: [], disable_weak_dependencies: false },
      rootfs: { default: { name: 'default', packages: { 'avocado-pkg-rootfs': '*' }, filesystem: 'erofs-lz4' } },
      initramfs: { default: { name: 'default', packages: { 'avocado-pkg-initramfs': '*' }, filesystem: 'cpio.zst' } },
      kernel: {},
      permissions: {},
      provision_profiles: {},
      signing_keys: {},
      source_date_epoch: 0,
      warnings: [],
    });
  });

  test('an extension', () => {
    expect(config('extensions: {app: {version: 0.1.0}}').extensions.app).toEqual({
      name: 'app',
      version: '0.1.0',
      package_files: [],
      types: ['sysext', 'confext'],
      packages: {},
      sdk: { packages: {} },
      enable_services: [],
      on_merge: [],
      on_unmerge: [],
      modprobe: [],
      reload_service_manager: false,
      sysext_scopes: ['system'],
      confext_scopes: ['system'],
      filesystem: 'erofs-lz4',
      image: { type: 'raw' },
      var_files: [],
      docker_images: [],
      subvolumes: {},
      users: {},
      groups: {},
      stone_include_paths: [],
      extensions: [],
    });
  });

  test('a runtime, empty or null', () => {
    for (const text of ['runtimes: {dev: {}}', 'runtimes:\n  dev:\n']) {
      expect(config(text).runtimes.dev).toEqual({
        name: 'dev',
        packages: {},
        extensions: [],
        rootfs: 'default',
        initramfs: 'default',
        stone_include_paths: [],
        var: { subvolumes: { 'lib/avocado': { enabled: true, writable: true } } },
        var_files: [],
      });
    }
  });

  test("an extension's filesystem is that of the default rootfs", () => {
    const text =
      'rootfs: {filesystem: erofs-zst}\nextensions: {a: {version: 1.0.0}, b: {version: 1.0.0, filesystem: squashfs}}';
    const { a, b } = config(text).extensions;
    expect([a?.filesystem, b?.filesystem]).toEqual(['erofs-zst', 'squashfs']);
  });

  test('a user', () => {
    expect(config('permissions: {users: {root: }, groups: {dev: {gid: 5}}}').permissions.default).toEqual({
      users: {
        root: {
          password: '*',
          shell: '/bin/sh',
          groups: [],
          last_change: 19000,
          min_days: 0,
          max_days: 99999,
          warn_days: 7,
          disabled: false,
          system: false,
        },
      },
      groups: { dev: { gid: 5, system: false, members: [] } },
    });
  });

  test('the implicit runtime', () => {
    expect(Object.keys(config('default_target: qemux86-64\nrootfs: {packages: {}}').runtimes)).toEqual(['default']);
    expect(config('rootfs: {packages: {}}').runtimes).toEqual({});
  });
});

describe('forms', () => {
  test('aliases', () => {
    const { runtimes, provision_profiles, sdk, distro } = config(`
distro: {version: 2024, channel: edge}
runtime: {dev: {dependencies: {a: '*'}}}
provision: {sd: {container_args: -v /dev:/dev}}
sdk: {dependencies: {b: 1.10}}
`);
    expect(runtimes.dev?.packages).toEqual({ a: { kind: 'version', version: '*' } });
    expect(provision_profiles.sd).toEqual({
      container_args: ['-v', '/dev:/dev'],
      state_file: '.avocado/provision-sd.state',
    });
    expect(sdk.packages).toEqual({ b: '1.10' });
    expect(distro).toEqual({ release: '2024', channel: 'edge', repo: { tls_verify: true, releasever: '2024/edge' } });
    expect(errors('sdk:\n  packages: {}\n  dependencies: {}')).toEqual([
      "3:3 CONFIG_DUPLICATE_KEY 'dependencies' is another name of 'packages', which is set as well -> Keep 'packages' alone.",
    ]);
  });

  test('packages', () => {
    const { packages, extensions } =
      config(`
extensions:
  b: {version: 1.0.0}
  a:
    version: 1.0.0
    packages:
      any: '*'
      text: 1.10
      map: {version: 2}
      built: {compile: app, install: i.sh}
      old: {extensions: b}
sdk: {compile: {app: {compile: c.sh}}}
`).extensions.a ?? {};
    expect(packages).toEqual({
      any: { kind: 'version', version: '*' },
      text: { kind: 'version', version: '1.10' },
      map: { kind: 'version', version: '2' },
      built: { kind: 'compiled', compile: 'app', install: 'i.sh' },
      old: { kind: 'extensions', extensions: 'b' },
    });
    expect(extensions).toEqual(['b']);
  });

  test("a runtime's extensions keep their order; a repeated one counts once", () => {
    const text = `
extensions: {a: {version: 1.0.0}, b: {version: 1.0.0}, c: {version: 1.0.0}}
runtimes: {dev: {extensions: [c, {a: {enabled: false}}, b, a]}}
`;
    expect(config(text).runtimes.dev?.extensions).toEqual([
      { name: 'c', enabled: true },
      { name: 'a', enabled: false },
      { name: 'b', enabled: true },
    ]);
    expect(warnings(text)).toEqual(['3:60 CONFIG_REPEATED']);
  });

  test('image sections: one, several, or written into the runtime', () => {
    const text = `
rootfs:
  prod: {filesystem: erofs-zst, permissions: {users: {root: {password: x}}}}
kernel: {package: linux, version: 6.6.*}
permissions: {users: {}}
runtimes:
  dev:
    rootfs: {packages: {a: '*'}}
    initramfs:
      filesystem: cpio
  prod:
    rootfs: prod
`;
    const { rootfs, initramfs, kernel, permissions, runtimes } = config(text);
    expect(Object.keys(rootfs).sort()).toEqual(['default', 'dev', 'prod']);
    expect(rootfs.dev).toEqual({ name: 'dev', packages: { a: '*' }, filesystem: 'erofs-lz4', permissions: 'default' });
    expect(rootfs.prod).toMatchObject({ filesystem: 'erofs-zst', permissions: 'prod' });
    expect(initramfs.dev?.filesystem).toBe('cpio');
    expect(kernel).toEqual({ default: { kind: 'package', name: 'default', package: 'linux', version: '6.6.*' } });
    expect(Object.keys(permissions).sort()).toEqual(['default', 'prod']);
    expect(runtimes.dev).toMatchObject({ rootfs: 'dev', initramfs: 'dev', kernel: 'default' });
    expect(runtimes.prod).toMatchObject({ rootfs: 'prod', initramfs: 'default', kernel: 'default' });
    const result = load(text);
    expect(result.config && result.positionOf(['rootfs', 'dev', 'packages', 'a'])).toMatchObject({
      line: 8,
      column: 28,
    });
    expect(result.config && result.positionOf(['initramfs', 'dev'])).toMatchObject({ line: 9, column: 5 });
  });

  test('mixed forms', () => {
    expect(errors('rootfs:\n  filesystem: erofs-zst\n  prod: {}\n')).toEqual([
      "3:3 CONFIG_MIXED_FORMS rootfs: cannot mix singleton form and named-map form: 'prod' stands beside 'filesystem' -> Put the other keys under a name of their own, such as 'default:'.",
    ]);
    expect(errors('rootfs:\n  prod: {}\nruntimes:\n  prod:\n    rootfs: {packages: {}}\n')).toEqual([
      "5:5 CONFIG_NAME_CONFLICT the inline rootfs of 'prod' and the section rootfs.prod have the same name -> Rename the section 'prod' of rootfs.",
    ]);
  });

  test('sources, overlays, subvolumes, signing keys', () => {
    const { extensions, signing_keys } = config(`
signing_keys: [{dev: abc}, {prod: def}]
extensions:
  a: {source: {type: repo, version: 1.2}, subvolumes: {lib/docker: {nodatacow: true}, lib/x: ro, lib/y: false}}
  b: {source: {type: git, url: 'https://x', ref: main}}
  c: {source: {type: path, path: ext/c}, overlay: {dir: o, mode: opaque, preprocess: ['*.conf']}}
`);
    expect(signing_keys).toEqual({ dev: 'abc', prod: 'def' });
    expect(extensions.a?.source).toEqual({ type: 'package', version: '1.2', package: 'a' });
    expect(extensions.a?.subvolumes).toEqual({
      'lib/docker': { enabled: true, writable: true, nodatacow: true },
      'lib/x': { enabled: true, writable: false },
      'lib/y': { enabled: false, writable: true },
    });
    expect(extensions.b?.source).toEqual({ type: 'git', url: 'https://x', ref: 'main' });
    expect(extensions.c?.overlay).toEqual({ dir: 'o', mode: 'opaque', preprocess: ['*.conf'] });
  });
});

describe('machine target, board and runtime', () => {
  test('a runtime for another target is left out', () => {
    const text = 'runtimes: {a: {target: qemuarm64}, b: {target: "{{ avocado.target }}"}, c: {}}';
    expect(Object.keys(config(text).runtimes)).toEqual(['b', 'c']);
  });

  test('no target', () => {
    expect(errors('', { machine: undefined })).toEqual([
      '1:1 CONFIG_TARGET_MISSING No target architecture specified. Use --target, AVOCADO_TARGET env var, or set default_target in config.',
    ]);
  });

  test('an unsupported target', () => {
    expect(errors('supported_targets: [raspberrypi4]\n', { machine: 'raspberrypi5' })).toEqual([
      "1:1 CONFIG_TARGET_UNSUPPORTED Target 'raspberrypi5' is not supported by this configuration. Supported targets: raspberrypi4 -> Did you mean 'raspberrypi4'?",
    ]);
    expect(errors('supported_targets: raspberrypi4\n')).toEqual([
      "1:20 CONFIG_TYPE supported_targets: expected '*' or a list of machine targets -> Expected '*' or a list.",
    ]);
  });

  test('the board comes from the runtime', () => {
    const text = `
default_target_board: b1
extensions: {'x-{{ avocado.target.board }}': {source: {type: package, version: '*'}}}
runtimes: {dev: {target_board: b2, extensions: ['x-{{ avocado.target.board }}']}, other: {}}
`;
    expect(config(text).board).toBe('b1');
    expect(config(text, { runtime: 'dev' }).board).toBe('b2');
    expect(config(text, { runtime: 'dev', env: { AVOCADO_TARGET_BOARD: 'b3' } }).board).toBe('b3');
    const { board, extensions } = config(text, { board: 'b4' });
    expect([board, Object.keys(extensions)]).toEqual(['b4', ['x-b4']]);
  });
});

test('upstream variables go before the file', () => {
  const text = 'distro: {release: 2024, channel: edge, repo: {url: a}}\nsdk: {repo_url: b, host_uid: 5}';
  const env = {
    AVOCADO_DISTRO_CHANNEL: 'next',
    AVOCADO_REPO_URL: 'c',
    AVOCADO_REPO_INSECURE: '1',
    AVOCADO_HOST_UID: '7',
    AVOCADO_DNF_ARGS: ' --nobest  --exclude=a ',
  };
  const { distro, sdk } = config(text, { env });
  expect(distro).toEqual({
    release: '2024',
    channel: 'next',
    repo: { url: 'c', releasever: '2024/next', tls_verify: false },
  });
  expect(sdk).toMatchObject({ host_uid: 7, dnf_args: ['--nobest', '--exclude=a'] });
  expect(config(text).distro.repo.url).toBe('a');
});

describe('versions', () => {
  test.each([
    ['1.0', "write three numbers, for example version: '1.0.0'."],
    ['2', "write three numbers, for example version: '2.0.0'."],
    ['v1.2.3', 'three numbers'],
    ["'*'", 'three numbers'],
    ['1.10', "'1.10.0'"],
    ['01.0.0', 'three numbers'],
  ])('%s is none', (version, hint) => {
    const [error] = errors(`extensions:\n  a:\n    version: ${version}\n`);
    expect(error).toMatch(/^3:14 CONFIG_VERSION .*Version must be in semantic versioning format/);
    expect(error?.toLowerCase()).toContain(hint.toLowerCase());
  });

  test.each(['0.1.0', "'1.2.3-rc.1+build.5'", '"10.20.30"'])('%s is one', (version) => {
    expect(config(`extensions: {a: {version: ${version}}}`).extensions.a?.version).toBe(version.replace(/['"]/g, ''));
  });

  test('is missing', () => {
    expect(errors('extensions:\n  a:\n  b: {source: {type: package, version: "*"}}\n')).toEqual([
      "2:3 CONFIG_VERSION_MISSING Extension 'a' is missing a 'version' field -> Add version: '0.1.0', or a source if it is not built here.",
    ]);
  });
});

describe('versions from files', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'config-'));
    mkdirSync(join(root, 'project'));
    writeFileSync(join(root, 'outside.json'), '{"version": "9.9.9"}');
    writeFileSync(join(root, 'project', 'package.json'), '{"version": "1.2.3"}');
    writeFileSync(join(root, 'project', 'Cargo.toml'), '[package]\nversion = "2.3.4"\n');
    writeFileSync(join(root, 'project', 'pubspec.yml'), 'a: {b: 3.4.5}\n');
    writeFileSync(join(root, 'project', 'VERSION'), '4.5.6\n');
    writeFileSync(join(root, 'project', 'broken.json'), '{');
    symlinkSync('../outside.json', join(root, 'project', 'link.json'));
  });
  afterEach(() => rmSync(root, { recursive: true }));

  const inProject = (provider: string) =>
    loadConfig(join(root, 'project', 'avocado.yaml'), {
      machine: 'qemux86-64',
      text: `extensions:\n  a:\n    version: ${provider}\n    summary: "v{{ avocado.extensions.a.version }}"\n`,
    });

  test.each([
    ['{file: package.json, key: version}', '1.2.3'],
    ['{file: Cargo.toml, key: package.version}', '2.3.4'],
    ['{file: pubspec.yml, key: a.b}', '3.4.5'],
    ['{file: VERSION}', '4.5.6'],
    ['{file: ./package.json, key: version, format: json}', '1.2.3'],
  ])('%s', (provider, version) => {
    const result = inProject(provider);
    expect(result.config?.extensions.a).toMatchObject({ version, summary: `v${version}` });
    expect(result.reads.files).toHaveLength(1);
  });

  test.each([
    ['{file: none.json, key: version}', /^3:21 CONFIG_VERSION_PROVIDER .*none.json does not exist/],
    ['{file: package.json, key: nope}', /^3:21 CONFIG_VERSION_PROVIDER .*has nothing at 'nope'/],
    ['{file: broken.json, key: version}', /^3:21 CONFIG_VERSION_PROVIDER .*is not valid JSON/],
    ['{file: VERSION, key: version}', /^3:21 CONFIG_VERSION_PROVIDER .*needs a 'format'/],
    ['{file: VERSION, format: json}', /^3:14 CONFIG_VERSION_PROVIDER .*'format' needs a 'key'/],
    ['{file: ../outside.json, key: version}', /^3:21 CONFIG_PATH_OUTSIDE .*leaves its root/],
    ['{file: link.json, key: version}', /^3:21 CONFIG_PATH_OUTSIDE .*a link that leaves src_dir/],
    ['{file: /etc/hostname}', /^3:21 CONFIG_PATH_OUTSIDE .*absolute/],
    ['{file: package.json, kez: version}', /^3:35 CONFIG_UNKNOWN_KEY unknown key 'kez' -> Did you mean 'key'/],
    ['{file: package.json}', /^3:14 CONFIG_VERSION .*invalid version/],
  ])('%s is refused', (provider, expected) => {
    const [error] = (inProject(provider).errors ?? []).map(
      ({ line, column, code, message, hint }) => `${line}:${column} ${code} ${message} -> ${hint}`,
    );
    expect(error).toMatch(expected);
  });
});

describe('cli_requirement', () => {
  test.each(['>=0.26.0', '>=0.40.0', '1', '^1.0', '~1.0.0', '>= 0.9, < 2', '*', '1.*', '=1.0.0'])(
    '%s is met',
    (range) => {
      expect(errors(`cli_requirement: "${range}"`)).toEqual([]);
    },
  );
  test('a pre-release counts as its release', () => {
    expect(errors('cli_requirement: ">=1.1.0"', { cliVersion: '1.1.0-rc.1' })).toEqual([]);
  });
  test('not met, or none', () => {
    expect(errors('cli_requirement: ">=2"')[0]).toMatch(
      /^1:18 CONFIG_CLI_REQUIREMENT This project requires avocado CLI version '>=2', but you are running 1.0.0/,
    );
    for (const range of ['0.26.0', '=0.9', '<1']) expect(errors(`cli_requirement: "${range}"`)[0]).toMatch('requires');
    for (const range of ['new', '>=1 || <3', '>=0.2 <1', '']) {
      expect(errors(`cli_requirement: "${range}"`)[0]).toMatch('Invalid cli_requirement');
    }
  });
});

test('loadConfigOrThrow carries the first error and lists the others', () => {
  const text = 'a: 1\nruntimes: {dev: {extensions: 3}}\nb: 2\n';
  let thrown: unknown;
  try {
    loadConfigOrThrow('dir/avocado.yaml', { machine: 'x', text });
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(AvocadoError);
  expect(thrown).toMatchObject({
    code: 'CONFIG_UNKNOWN_KEY',
    position: { file: 'dir/avocado.yaml', line: 1, column: 1 },
  });
  const { message } = thrown as AvocadoError;
  expect(message).toContain("unknown key 'a'");
  expect(message).toContain('2 more errors');
  expect(message).toContain('dir/avocado.yaml:2:30: runtimes.dev.extensions must be a list, not the number 3');
  expect(message).toContain("dir/avocado.yaml:3:1: unknown key 'b'");
});

test('files that cannot be read', () => {
  expect(loadConfig('/nonexistent/avocado.yaml').errors).toEqual([
    {
      code: 'CONFIG_NOT_FOUND',
      message: "Configuration file '/nonexistent/avocado.yaml' not found",
      file: '/nonexistent/avocado.yaml',
      line: 1,
      column: 1,
    },
  ]);
  expect(loadConfig(tmpdir()).errors?.[0]).toMatchObject({
    code: 'CONFIG_UNREADABLE',
    message: 'the file is a directory',
  });
  const readFile = () => Uint8Array.of(0x61, 0xff);
  expect(loadConfig('avocado.yaml', { readFile }).errors?.[0]).toMatchObject({ code: 'CONFIG_ENCODING' });
});
