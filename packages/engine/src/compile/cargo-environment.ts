import { targetFlags, tripleVariable } from '../rust';
import { scriptEnvironment } from '../sdk';
import type { ScriptEnvironmentOptions } from '../sdk';

export interface CargoEnvironmentOptions extends ScriptEnvironmentOptions {
  triple: string;
  sysrootPath: string;
  cargoHome: string;
  targetDirectory: string;
  /** Whether the source tree's own configuration gives rustc its sysroot. */
  sysrootConfigured: boolean;
  /** Names of directories in `registry/src` of CARGO_HOME. */
  registries: readonly string[];
}

/** Compiler variables of the script contract that would also reach the build machine's own build scripts. */
const compilers = ['CC', 'CXX', 'CPP', 'LD', 'CFLAGS', 'CXXFLAGS', 'CPPFLAGS', 'LDFLAGS', 'AR', 'AS', 'NM', 'STRIP'];
const others = ['OBJCOPY', 'OBJDUMP', 'RANLIB', 'READELF', 'CROSS_COMPILE', 'ARCH', 'TARGET_PREFIX', 'CONFIGURE_FLAGS'];
const pkgConfig = ['PKG_CONFIG_SYSROOT_DIR', 'PKG_CONFIG_LIBDIR', 'PKG_CONFIG_PATH', 'PKG_CONFIG_ALLOW_SYSTEM_CFLAGS'];
const cmake = ['CMAKE_TOOLCHAIN_FILE', 'OE_CMAKE_TOOLCHAIN_FILE'];

/**
 * The environment of `cargo build`: that of the script contract, with everything that only means the target under
 * the target's own names, which the crates cc, cmake and pkg-config look at first.
 */
export function cargoEnvironment(options: CargoEnvironmentOptions): Record<string, string> {
  const script = scriptEnvironment(options);
  const general = new Set([...compilers, ...others, ...pkgConfig, ...cmake]);
  const kept = Object.fromEntries(Object.entries(script).filter(([name]) => !general.has(name)));
  const suffix = options.triple.replaceAll('-', '_').replaceAll('.', '_');
  const named = ['CC', 'CXX', 'AR', 'CFLAGS', 'CXXFLAGS', 'RANLIB', ...pkgConfig.slice(0, 3), 'CMAKE_TOOLCHAIN_FILE'];
  return {
    ...kept,
    ...Object.fromEntries(named.map((name) => [`${name}_${suffix}`, script[name] ?? ''])),
    PKG_CONFIG_ALLOW_CROSS: '1',
    CARGO_HOME: options.cargoHome,
    CARGO_TARGET_DIR: options.targetDirectory,
    CARGO_TERM_PROGRESS_WHEN: 'never',
    [tripleVariable(options.triple, 'RUSTFLAGS')]: rustFlags(options).join(' '),
  };
}

/**
 * Packages lie in a directory that is named after the registry they came from, which may be the user's mirror. Panic
 * messages hold that name, so it is replaced: the same bytes wherever the packages came from.
 */
function rustFlags(options: CargoEnvironmentOptions): string[] {
  const sources = `${options.cargoHome}/registry/src`;
  const remapped = options.registries.map((name) => `--remap-path-prefix=${sources}/${name}=${sources}/registry`);
  const flags = targetFlags(options.sysrootPath);
  return [...(options.sysrootConfigured ? flags.slice(1) : flags), ...remapped];
}
