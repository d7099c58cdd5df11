import { readFileSync } from 'node:fs';
import type { AvocadoConfig, PackageSpec } from '../config/types';
import { AvocadoError, formatPosition } from '../error';
import type { SourcePosition } from '../error';
import { feedData, machine as machineOf } from './data';
import type { Machine } from './data';
import { matches } from './glob';
import { mapPackage } from './map';
import type { PackageMap } from './map';
import type { RootName } from './types';

export interface Project {
  kind: 'extension' | 'runtime';
  name: string;
}

/**
 * Debian packages by root, sorted. `base` is no root: it is the OS image that the root `extension` leaves out.
 * Plain JSON, as it is in SdkInstallOptions.
 */
export type RootRequests = Partial<Record<RootName | 'base', string[]>>;

export interface RequestOptions {
  packages?: PackageMap | undefined;
}

/** Avocado names, by the root they are asked for in. */
type Wanted = Partial<Record<RootName, string[]>>;

/**
 * The roots that a project needs, and what it wants in them.
 * @throws AvocadoError `PACKAGE_UNMAPPED` for all unmapped names at once, `MACHINE_UNKNOWN`
 */
export function rootRequests(config: AvocadoConfig, project: Project, options: RequestOptions = {}): RootRequests {
  const machine = machineOf(config.machine);
  const wanted = project.kind === 'extension' ? extensionWants(config, project) : runtimeWants(config, project);
  const requests: RootRequests = { tools: [...(feedData().roots.tools.base ?? [])].sort() };
  const unmapped = new Set<string>();
  const add = (root: RootName, key: RootName | 'base', names: string[]): void => {
    const mapped = names.flatMap((name) => {
      const debian = mapPackage(root, name, machine, options.packages);
      if (!debian) unmapped.add(name);
      return debian ?? [];
    });
    requests[key] = [...new Set([...(key === 'base' ? [] : (feedData().roots[root].base ?? [])), ...mapped])].sort();
  };
  for (const [root, names] of Object.entries(wanted) as [RootName, string[]][]) add(root, root, names);
  if (requests.toolchain) requests.toolchain = sortedSet([...requests.toolchain, ...machine.cross]);
  if (wanted.extension) add('rootfs', 'base', osImage(config));
  if (project.kind === 'runtime') {
    requests.kernel ??= [...machine.kernel.packages];
    const emulator = machine.emulator?.packages;
    if (emulator) requests.emulator = sortedSet([...(feedData().roots.emulator.base ?? []), ...emulator]);
  }
  if (unmapped.size > 0) throw unmappedError(config, [...unmapped], machine);
  return requests;
}

function extensionWants(config: AvocadoConfig, { name }: Project): Wanted {
  const section = config.extensions[name];
  if (!section) return {};
  return packageWants(config, section.packages, Object.keys(section.sdk.packages), 'extension');
}

function runtimeWants(config: AvocadoConfig, { name }: Project): Wanted {
  const section = config.runtimes[name];
  if (!section) return {};
  const wanted = packageWants(config, section.packages, [], 'rootfs');
  const kernel = section.kernel === undefined ? undefined : config.kernel[section.kernel];
  const compiled = kernel?.kind === 'compiled' ? compileWants(config, [kernel.compile], []) : {};
  return {
    ...compiled,
    ...wanted,
    rootfs: [...osImage(config, section.rootfs), ...(wanted.rootfs ?? [])],
    initramfs: Object.keys(config.initramfs[section.initramfs]?.packages ?? { 'avocado-pkg-initramfs': '*' }),
    ...(kernel?.kind === 'package' ? { kernel: [kernel.package] } : {}),
  };
}

/** The OS image's packages by Avocado name: of the named section, else of `default`. */
function osImage(config: AvocadoConfig, section = 'default'): string[] {
  return Object.keys(config.rootfs[section]?.packages ?? { 'avocado-pkg-rootfs': '*' });
}

function packageWants(
  config: AvocadoConfig,
  packages: Record<string, PackageSpec>,
  sdkPackages: string[],
  root: 'extension' | 'rootfs',
): Wanted {
  const shipped = Object.entries(packages).flatMap(([name, { kind }]) => (kind === 'version' ? [name] : []));
  const compiles = Object.values(packages).flatMap((spec) => (spec.kind === 'compiled' ? [spec.compile] : []));
  return {
    ...(compiles.length > 0 ? compileWants(config, compiles, sdkPackages) : {}),
    ...(shipped.length > 0 ? { [root]: shipped } : {}),
  };
}

function compileWants(config: AvocadoConfig, sections: string[], sdkPackages: string[]): Wanted {
  return {
    toolchain: [...Object.keys(config.sdk.packages), ...sdkPackages],
    sysroot: sections.flatMap((section) => Object.keys(config.sdk.compile[section]?.packages ?? {})),
  };
}

function sortedSet(names: string[]): string[] {
  return [...new Set(names)].sort();
}

function unmappedError(config: AvocadoConfig, names: string[], machine: Machine): AvocadoError {
  const text = readFileSync(config.file, 'utf8');
  const places = names.map((name) => ({ name, position: findKey(config.file, text, name) }));
  const [first] = places;
  const list = places.map(({ name, position }) => `  ${formatPosition(position)}: ${name}`).sort();
  return new AvocadoError(
    'PACKAGE_UNMAPPED',
    `the debian feed has no package for ${names.length === 1 ? 'this name' : 'these names'} (${machine.name}):\n${list.join('\n')}`,
    {
      position: first?.position,
      hint:
        'Map each name to Debian packages in the option `packages` of the plugin in nx.json, ' +
        `such as "packages": { "${first?.name}": ["debian-name"] }; an empty list leaves it out.`,
    },
  );
}

/** Where a key stands in the file as it was written: `{{ ... }}` in a key stands for anything. */
export function findKey(file: string, text: string, name: string): SourcePosition {
  const lines = text.split('\n');
  for (const [index, line] of lines.entries()) {
    const key = /^(\s*(?:-\s+)?)["']?([^"'#:\s][^"'#:]*?)["']?\s*:/.exec(line.replace(/\{\{.*?\}\}/g, '*'));
    if (key && matches(key[2]!, name)) return { file, line: index + 1, column: key[1]!.length + 1 };
  }
  return { file };
}
