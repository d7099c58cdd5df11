import { loadConfig } from '.';

function problems(text: string): string[] {
  const result = loadConfig('avocado.yaml', { machine: 'qemux86-64', text });
  return (result.config?.warnings ?? result.errors ?? []).map(
    ({ line, column, code, message, hint }) => `${line}:${column} ${code} ${message}${hint ? ` -> ${hint}` : ''}`,
  );
}

const APP = 'extensions:\n  app:\n    version: 1.0.0\n';

test.each([
  [
    'noUndefinedExtensions',
    `${APP}runtimes:\n  dev:\n    extensions: [app, ap]`,
    "6:23 CONFIG_EXTENSION_UNDEFINED runtime 'dev' uses the extension 'ap', which is not defined -> Did you mean 'app'?",
  ],
  [
    'noUndefinedExtensions does not take what objects inherit',
    `${APP}runtimes:\n  dev:\n    extensions: [constructor]`,
    "6:18 CONFIG_EXTENSION_UNDEFINED runtime 'dev' uses the extension 'constructor', which is not defined -> Defined are: app.",
  ],
  [
    'noUndefinedNestedExtensions',
    `${APP}    extensions: [other]`,
    "4:18 CONFIG_EXTENSION_UNDEFINED extension 'app' needs the extension 'other', which is not defined -> Defined are: app.",
  ],
  [
    'noExtensionCycles',
    `${APP}    extensions: [b]\n  b: {version: 1.0.0, extensions: [app]}`,
    '4:5 CONFIG_EXTENSION_CYCLE extensions need each other in a circle: app -> b -> app',
  ],
  [
    'noUndefinedDefaultRuntime',
    'default_runtime: dve\nruntimes: {dev: {}}',
    "1:18 CONFIG_RUNTIME_UNDEFINED default_runtime: dve does not match any defined runtime. Available: dev -> Did you mean 'dev'?",
  ],
  [
    'noUndefinedCompileSections',
    `${APP}    packages: {x: {compile: bild, install: i.sh}}\nsdk: {compile: {build: {compile: c.sh}}}`,
    "4:29 CONFIG_COMPILE_UNDEFINED there is no section 'bild' in sdk.compile -> Did you mean 'build'?",
  ],
  [
    'a compile section without a script',
    'kernel: {compile: k, install: i.sh}\nsdk: {compile: {k: {clean: c.sh}}}',
    "2:17 CONFIG_COMPILE_SCRIPT the section sdk.compile.k has no compile script -> Add 'compile: <script>'.",
  ],
  [
    'noUndefinedSigningKeys',
    'runtimes: {dev: {signing: {key: prd}}}\nsigning_keys: [{prod: x}]',
    "1:33 CONFIG_SIGNING_KEY_UNDEFINED the signing key 'prd' is not in signing_keys -> Did you mean 'prod'?",
  ],
  [
    'noUndefinedImageSections',
    'runtimes: {dev: {rootfs: slim}}\nrootfs: {small: {}}',
    "1:26 CONFIG_SECTION_UNDEFINED runtime 'dev' uses the rootfs section 'slim', which is not defined -> Available are: small, default.",
  ],
  [
    'noUndefinedPermissions',
    'rootfs: {permissions: dev}',
    "1:23 CONFIG_SECTION_UNDEFINED there is no section 'dev' in permissions",
  ],
  [
    'kernelIsPackageOrCompiled: both',
    'kernel: {package: a, compile: b}',
    "1:10 CONFIG_KERNEL kernel 'default': 'package' and 'compile' are mutually exclusive -> Keep one of the two.",
  ],
  [
    'kernelIsPackageOrCompiled: no install',
    'runtimes:\n  dev:\n    kernel: {compile: b}',
    "3:5 CONFIG_KERNEL kernel 'dev': 'compile' requires 'install' to be set -> Add 'install: <script>'.",
  ],
  [
    'kernelIsPackageOrCompiled: neither',
    'kernel: {version: 6.6.*}',
    "1:10 CONFIG_KERNEL kernel 'default': either 'package' or 'compile' must be set -> Write 'package: <name>', or 'compile' and 'install'.",
  ],
  [
    'kernel versions',
    'kernel: {package: a, version: new}',
    "1:31 CONFIG_KERNEL_VERSION 'new' is no kernel version -> Write an exact version, '5.15.*', or a range such as '>= 6.6, < 6.12'.",
  ],
  [
    'servicesNeedConfext',
    `${APP}    types: [sysext]\n    enable_services: [a.service]`,
    "5:5 CONFIG_SERVICES_WITHOUT_CONFEXT extension 'app' enables services but is no confext, so they will not be enabled -> Add confext to 'types'.",
  ],
  [
    'emptyPasswords',
    "permissions: {users: {root: {password: ''}}}",
    "1:40 CONFIG_EMPTY_PASSWORD the user 'root' can log in without a password -> Set a crypt hash before this goes to a product; '*' locks the account.",
  ],
  [
    'accountsInExtensions',
    `${APP}    groups: {dev: {}}`,
    "4:5 CONFIG_DEPRECATED 'groups' in an extension is deprecated -> Use groups of the top-level permissions section.",
  ],
  [
    'extensionsAsPackages',
    `${APP}runtimes: {dev: {packages: {x: {extensions: app}}}}`,
    "4:29 CONFIG_DEPRECATED 'x' lists the extension 'app' as a package, which is deprecated -> List it under 'extensions'.",
  ],
  [
    'writableState',
    'runtimes: {dev: {var: {subvolumes: {lib/avocado: ro}}}}',
    '1:50 CONFIG_IGNORED lib/avocado is always a writable subvolume',
  ],
  [
    'defaultTargetIsSupported',
    'default_target: qemux86\nsupported_targets: [qemux86-64]',
    "1:17 CONFIG_TARGET_UNSUPPORTED default_target 'qemux86' is not in supported_targets -> Did you mean 'qemux86-64'?",
  ],
  [
    'noRepeatedSigningKeys',
    'signing_keys: [{a: x}, {a: y}]',
    "1:24 CONFIG_DUPLICATE_KEY the signing key 'a' is listed twice",
  ],
])('%s', (_, text, expected) => {
  expect(problems(text)).toEqual([expected]);
});

test("a runtime for another target may list that target's extensions", () => {
  expect(problems('runtimes: {pi: {target: raspberrypi5, extensions: [x]}}')).toEqual([]);
});
