import type { AvocadoConfig } from '../config/types';
import { AvocadoError, formatPosition } from '../error';
import type { SourcePosition } from '../error';
import { feedData, machine as machineOf } from './data';
import { mapPackage } from './map';
import type { PackageMap } from './map';
import type { RootName } from './types';
import { osImageWants, projectWants } from './wants';
import type { Project, Want } from './wants';

/**
 * Debian packages by root, sorted; plain JSON, as it is in SdkInstallOptions. `base` is no root: it is the OS image,
 * which the root `extension` leaves out.
 */
export type RootRequests = Partial<Record<RootName | 'base', string[]>>;

export interface RequestOptions {
  packages?: PackageMap | undefined;
  /** Where a path of the config stands (`positionOf` of loadConfig's result), for errors. */
  positionOf?: ((path: readonly (string | number)[]) => SourcePosition) | undefined;
}

/**
 * The roots that a project needs, and what it wants in them.
 * @throws AvocadoError `PACKAGE_UNMAPPED` for all unmapped names at once, `MACHINE_UNKNOWN`
 */
export function rootRequests(config: AvocadoConfig, project: Project, options: RequestOptions = {}): RootRequests {
  const { roots } = feedData();
  const machine = machineOf(config.machine);
  const wants = projectWants(config, project);
  const unmapped = new Map<string, Want>();
  const mapped = (root: RootName, names: Want[]): string[] =>
    names.flatMap((want) => {
      const debian = mapPackage(root, want.name, machine, options.packages);
      if (!debian) unmapped.set(want.name, unmapped.get(want.name) ?? want);
      return debian ?? [];
    });

  const requests: RootRequests = { tools: sorted(roots.tools.base ?? []) };
  for (const [root, names] of Object.entries(wants) as [RootName, Want[]][]) {
    requests[root] = sorted([...(roots[root].base ?? []), ...mapped(root, names)]);
  }
  if (requests.toolchain) requests.toolchain = sorted([...requests.toolchain, ...machine.cross]);
  if (requests.extension) requests.base = sorted(mapped('rootfs', osImageWants(config)));
  if (requests.kernel?.length === 0) requests.kernel = sorted(machine.kernel.packages);
  const boot = machine.boot?.packages ?? machine.uefi?.packages;
  if (requests.kernel && boot) requests.kernel = sorted([...requests.kernel, ...boot]);
  if (project.kind === 'runtime' && machine.emulator) {
    requests.emulator = sorted([...(roots.emulator.base ?? []), ...machine.emulator.packages]);
  }
  if (requests.rootfs && machine.interpreter) requests.interpreter = [machine.interpreter];
  if (unmapped.size > 0) throw unmappedError(config, [...unmapped.values()], options);
  return requests;
}

function sorted(names: string[]): string[] {
  return [...new Set(names)].sort();
}

function unmappedError({ file, machine }: AvocadoConfig, wants: Want[], { positionOf }: RequestOptions): AvocadoError {
  const places = wants.map(({ name, path }) => ({ name, position: positionOf?.(path) ?? { file } }));
  const list = places.map(({ name, position }) => `  ${formatPosition(position)}: ${name}`);
  const names = places.length === 1 ? 'this name' : 'these names';
  return new AvocadoError('PACKAGE_UNMAPPED', `the debian feed has no package for ${names}:\n${list.join('\n')}`, {
    position: places[0]?.position,
    hint:
      `Map each to Debian packages for ${machine} in the option \`packages\` of the plugin in nx.json, such as ` +
      `"packages": { "${places[0]?.name}": ["debian-name"] }; an empty list leaves it out.`,
  });
}
