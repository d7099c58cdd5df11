import type { Service } from '../shared/extension-options';
import type { Program } from '../shared/section';

export type Language = 'none' | 'c' | 'go' | 'python' | 'node';

interface LanguageKind {
  /** Command line that runs the program on the device. */
  exec(name: string): string;
  /** Packages of the feed: on the device, and in the SDK that compiles. */
  packages?: string[];
  sdk?: string[];
  /** Names that its tools keep for themselves. */
  reserved: readonly string[];
}

const binary = (name: string): string => `/usr/bin/${name}`;

const languages: Record<Language, LanguageKind> = {
  none: { exec: binary, reserved: [] },
  c: {
    exec: binary,
    sdk: ['nativesdk-cmake'],
    // Targets that CMake makes by itself.
    reserved: ['all', 'clean', 'depend', 'edit_cache', 'help', 'install', 'package', 'rebuild_cache', 'test'],
  },
  go: {
    exec: binary,
    sdk: ['nativesdk-go'],
    reserved: ['all', 'cmd', 'internal', 'main', 'std', 'test', 'vendor'],
  },
  python: {
    exec: (name) => `/usr/bin/python3 /usr/lib/${name}/main.py`,
    packages: ['python3'],
    sdk: ['nativesdk-python3', 'nativesdk-uv'],
    reserved: ['python3'],
  },
  node: {
    exec: (name) => `/usr/bin/node /usr/lib/${name}/main.js`,
    packages: ['nodejs'],
    sdk: ['nativesdk-ca-certificates', 'nativesdk-nodejs', 'nativesdk-nodejs-npm'],
    reserved: ['nodejs'],
  },
};

export function reservedNames(language: Language): readonly string[] {
  return languages[language].reserved;
}

export function program(language: Language, name: string, service: Service): Program {
  const { exec, packages, sdk } = languages[language];
  return {
    exec: exec(name),
    overlay: language === 'none' || service !== 'none',
    ...(packages && { packages }),
    ...(sdk && { compiled: { sdk } }),
  };
}
