import { architectures } from './architecture';
import { setupEnvironment } from './environment';
import type { ScriptEnvironmentOptions } from './environment';
import { shellQuote } from './quote';

/** A file, a link or an empty directory that the SDK shows beside its roots. */
export type PrefixEntry = { path: string } & ({ content: string } | { link: string } | { directory: true });

type PrefixOptions = Pick<
  ScriptEnvironmentOptions,
  'machine' | 'buildArchitecture' | 'targetArchitecture' | 'triple' | 'sysroot'
>;

/** What stands in `$AVOCADO_SDK_PREFIX` where upstream's SDK has its own; paths relative to it. */
export function prefixEntries(options: PrefixOptions): PrefixEntry[] {
  return [
    { path: 'environment-setup', content: environmentSetup(options) },
    { path: 'build', directory: true },
    { path: 'home/cargo', directory: true },
    { path: 'usr/bin', link: '/usr/bin' },
    { path: 'usr/include', link: '/usr/include' },
    ...(options.sysroot ? [{ path: 'usr/share/cmake/OEToolchainConfig.cmake', content: cmakeToolchain(options) }] : []),
    ...(options.triple === undefined
      ? []
      : [{ path: `usr/lib/rustlib/${options.triple}.json`, content: targetSpecification(options) }]),
  ];
}

/**
 * The links of a merged-/usr system that an unpacked sysroot lacks where base-files is not among its packages: the
 * linker scripts of libc name `/lib/...`.
 */
export const sysrootLinks: Readonly<Record<string, string>> = {
  bin: 'usr/bin',
  lib: 'usr/lib',
  lib64: 'usr/lib64',
  sbin: 'usr/sbin',
};

function environmentSetup(options: PrefixOptions): string {
  const lines = Object.entries(setupEnvironment(options)).map(
    ([name, value]) => `export ${name}=${shellQuote(value)}\n`,
  );
  return `# Sourced by scripts; every command in the SDK has these already.\n${lines.join('')}`;
}

function cmakeToolchain(options: PrefixOptions): string {
  const { machine, gnu } = architectures[options.targetArchitecture];
  return `set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR ${machine})
set(CMAKE_SYSROOT $ENV{SDKTARGETSYSROOT})
set(CMAKE_C_COMPILER ${gnu}-gcc)
set(CMAKE_CXX_COMPILER ${gnu}-g++)
set(CMAKE_LIBRARY_ARCHITECTURE ${gnu})
set(CMAKE_FIND_ROOT_PATH $ENV{SDKTARGETSYSROOT})
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
`;
}

/**
 * Scripts find the triple by this file's name. rustc knows Debian's triples itself and never opens it; the content
 * says what the name means.
 */
function targetSpecification(options: PrefixOptions): string {
  const { machine } = architectures[options.targetArchitecture];
  const specification = { arch: machine, env: 'gnu', 'llvm-target': options.triple, os: 'linux' };
  return `${JSON.stringify(specification, undefined, 2)}\n`;
}
