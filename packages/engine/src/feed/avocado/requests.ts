import type { AvocadoConfig, PackageSpec } from '../../config/types';
import type { RootRequests } from '../requests';
import { osImageWants, projectWants } from '../wants';
import type { Project, Want } from '../wants';
import { formatRequest } from './nevra';

/** Name of the package that says which repositories a machine target has. */
export function metadataName(machine: string): string {
  return `avocado-sdk-${machine}`;
}

/** Packages that upstream installs first, and without their scripts. */
export const bootstrapName = 'avocado-sdk-bootstrap';

/** The roots that a project needs of the avocado feed, and what it wants in them: names as they stand in avocado.yaml. */
export function avocadoRequests(config: AvocadoConfig, project: Project): RootRequests {
  const wants = projectWants(config, project);
  const own = [metadataName(config.machine), bootstrapName];
  const tools = Object.entries(config.sdk.packages).map(([name, version]) => formatRequest(name, version));
  const requests: RootRequests = { tools: sorted([...own, ...tools]) };
  const texts = (list: readonly Want[] = []): string[] => list.map((want) => requestText(config, want));
  if (wants.toolchain) requests.toolchain = sorted([...own, ...texts(wants.toolchain)]);
  if (wants.sysroot) requests.sysroot = sorted(['avocado-sdk-target-sysroot', ...texts(wants.sysroot)]);
  if (wants.extension) {
    requests.extension = sorted(texts(wants.extension));
    requests.base = sorted(texts(osImageWants(config)));
  }
  if (wants.rootfs) requests.rootfs = sorted(texts(wants.rootfs));
  if (wants.initramfs) requests.initramfs = sorted(texts(wants.initramfs));
  const kernel = project.kind === 'runtime' ? kernelRequest(config, project.name) : undefined;
  if (kernel !== undefined) requests.kernel = [kernel];
  return requests;
}

/**
 * The kernel's package, whose name holds its version (`kernel-image-6.6.23`): a pattern, which dnf takes as well.
 */
function kernelRequest({ runtimes, kernel }: AvocadoConfig, runtime: string): string | undefined {
  const section = kernel[runtimes[runtime]?.kernel ?? ''];
  if (section?.kind === 'compiled') return undefined;
  if (section && section.package !== 'kernel-image') return formatRequest(section.package, section.version);
  // Which of several is taken is found out when there are images (runtime/avocado/kernel.ts).
  const version = /^[\d.]+/.exec(section?.version ?? '')?.[0];
  return version === undefined ? 'kernel-image-[0-9]*' : `kernel-image-${version}*`;
}

function requestText(config: AvocadoConfig, { name, path }: Want): string {
  let found: unknown = config;
  for (const key of path) found = isRecord(found) ? found[key] : undefined;
  const version = typeof found === 'string' ? found : versionOf(found);
  return formatRequest(name, version);
}

function versionOf(spec: unknown): string {
  return isRecord(spec) && (spec as PackageSpec).kind === 'version' ? (spec as { version: string }).version : '*';
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function sorted(names: string[]): string[] {
  return [...new Set(names)].sort();
}
