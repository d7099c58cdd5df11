import { tripleVariable, targetFlags } from '../rust';
import { architectures } from './architecture';
import { fixedEnvironment } from './bubblewrap';

/** Where things are inside the SDK (docs/architecture.md): the same on every machine. */
export interface SdkPaths {
  /** `AVOCADO_SRC_DIR` */
  source: string;
  /** `AVOCADO_PREFIX` */
  prefix: string;
  /** `AVOCADO_SDK_PREFIX` */
  sdk: string;
  /** `SDKTARGETSYSROOT` */
  sysroot: string;
  /** `AVOCADO_EXT_SYSROOTS` */
  extensions: string;
  /** `RUST_TARGET_PATH` */
  rustTargets: string;
  cargoHome: string;
}

export function sdkPaths(machine: string, buildArchitecture: 'amd64' | 'arm64'): SdkPaths {
  const prefix = `/opt/_avocado/${machine}`;
  const sdk = `${prefix}/sdk/${architectures[buildArchitecture].machine}`;
  return {
    source: '/opt/src',
    prefix,
    sdk,
    sysroot: `${prefix}/sdk/target-sysroot`,
    extensions: `${prefix}/extensions`,
    rustTargets: `${sdk}/usr/lib/rustlib`,
    cargoHome: `${sdk}/home/cargo`,
  };
}

export interface ScriptEnvironmentOptions {
  machine: string;
  /** Of the machine that builds, and of its toolchain root. */
  buildArchitecture: 'amd64' | 'arm64';
  /** Of the machine target, and of its sysroot root. */
  targetArchitecture: 'amd64' | 'arm64';
  /** Rust's name of the target; absent where the sysroot has no Rust standard library. */
  triple?: string;
  /** Whether there is a target sysroot; without one (a script that only copies) no compiler variables are set. */
  sysroot: boolean;
  /** Section of `sdk.compile`: names `AVOCADO_BUILD_DIR`. */
  section?: string;
  /** The extension installed into: names `AVOCADO_BUILD_EXT_SYSROOT`. */
  extension?: string;
  source_date_epoch: number;
  /** What the SDK's own environment-setup set; without it, `setupEnvironment` stands in. */
  setup?: Record<string, string>;
}

/**
 * The environment that upstream's CLI gives to compile and install scripts (contract sections 2.1 and 2.1b), with
 * the environment-setup of its SDK already sourced.
 */
export function scriptEnvironment(options: ScriptEnvironmentOptions): Record<string, string> {
  const paths = sdkPaths(options.machine, options.buildArchitecture);
  return {
    PATH: `${paths.sdk}/usr/bin:${fixedEnvironment['PATH'] ?? ''}`,
    SOURCE_DATE_EPOCH: String(options.source_date_epoch),
    AVOCADO_TARGET: options.machine,
    AVOCADO_SDK_TARGET: options.machine,
    AVOCADO_SRC_DIR: paths.source,
    AVOCADO_PREFIX: paths.prefix,
    AVOCADO_SDK_PREFIX: paths.sdk,
    AVOCADO_SDK_ARCH: architectures[options.buildArchitecture].machine,
    AVOCADO_EXT_SYSROOTS: paths.extensions,
    // Root inside is the calling user outside: what a script makes belongs to that user already.
    AVOCADO_HOST_UID: '0',
    AVOCADO_HOST_GID: '0',
    AVOCADO_HOST_PLATFORM: 'linux',
    ...(options.section !== undefined && { AVOCADO_BUILD_DIR: `${paths.sdk}/build/${options.section}` }),
    ...(options.extension !== undefined && { AVOCADO_BUILD_EXT_SYSROOT: `${paths.extensions}/${options.extension}` }),
    ...(options.setup ? { ...options.setup, CARGO_HOME: paths.cargoHome } : setupEnvironment(options)),
  };
}

type SetupOptions = Pick<
  ScriptEnvironmentOptions,
  'machine' | 'buildArchitecture' | 'targetArchitecture' | 'triple' | 'sysroot'
>;

/** What the SDK's `environment-setup` sets, beside PATH. */
export function setupEnvironment(options: SetupOptions): Record<string, string> {
  const paths = sdkPaths(options.machine, options.buildArchitecture);
  const target = architectures[options.targetArchitecture];
  const build = architectures[options.buildArchitecture];
  const native = { OECORE_NATIVE_SYSROOT: paths.sdk, CARGO_HOME: paths.cargoHome };
  if (!options.sysroot) return native;
  const root = `--sysroot=${paths.sysroot}`;
  const toolchainFile = `${paths.sdk}/usr/share/cmake/OEToolchainConfig.cmake`;
  return {
    ...native,
    SDKTARGETSYSROOT: paths.sysroot,
    OECORE_TARGET_SYSROOT: paths.sysroot,
    OECORE_TARGET_ARCH: target.machine,
    OECORE_TARGET_OS: 'linux',
    ARCH: target.kernel,
    TARGET_PREFIX: `${target.gnu}-`,
    CROSS_COMPILE: `${target.gnu}-`,
    CC: `${target.gnu}-gcc ${root}`,
    CXX: `${target.gnu}-g++ ${root}`,
    CPP: `${target.gnu}-gcc -E ${root}`,
    LD: `${target.gnu}-ld ${root}`,
    ...tools(target.gnu),
    CFLAGS: '-O2 -pipe',
    CXXFLAGS: '-O2 -pipe',
    CPPFLAGS: '',
    LDFLAGS: '-Wl,-O1 -Wl,--hash-style=gnu -Wl,--as-needed',
    CONFIGURE_FLAGS: `--target=${target.gnu} --host=${target.gnu} --build=${build.gnu} --with-libtool-sysroot=${paths.sysroot}`,
    PKG_CONFIG_SYSROOT_DIR: paths.sysroot,
    PKG_CONFIG_LIBDIR: pkgConfigPath(paths.sysroot, target.gnu),
    PKG_CONFIG_PATH: pkgConfigPath(paths.sysroot, target.gnu),
    PKG_CONFIG_ALLOW_SYSTEM_CFLAGS: '1',
    CMAKE_TOOLCHAIN_FILE: toolchainFile,
    OE_CMAKE_TOOLCHAIN_FILE: toolchainFile,
    ...(options.triple !== undefined && rust(options.triple, target.gnu, paths)),
  };
}

function tools(gnu: string): Record<string, string> {
  const names = ['ar', 'as', 'nm', 'objcopy', 'objdump', 'ranlib', 'readelf', 'strip'];
  return Object.fromEntries(names.map((name) => [name.toUpperCase(), `${gnu}-${name}`]));
}

function rust(triple: string, gnu: string, paths: SdkPaths): Record<string, string> {
  return {
    RUST_TARGET_PATH: paths.rustTargets,
    [tripleVariable(triple, 'LINKER')]: `${gnu}-gcc`,
    [tripleVariable(triple, 'RUSTFLAGS')]: targetFlags(paths.sysroot).join(' '),
  };
}

function pkgConfigPath(sysroot: string, gnu: string): string {
  return [`usr/lib/${gnu}`, 'usr/lib', 'usr/share'].map((path) => `${sysroot}/${path}/pkgconfig`).join(':');
}
