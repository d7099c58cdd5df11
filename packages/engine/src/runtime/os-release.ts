import type { PackagePin } from '../feed/types';
import { sha256, uuid5 } from '../store';

/** Our namespace for OS builds; any constant would do, it must never change. */
const namespace = '5a1bb0a9-9a5b-5f5c-8f0c-3d6f7c2f1b7e';

/** The same packages, configuration and recipe give the same id. @param rest whatever else shapes the image */
export function osBuildId(packages: PackagePin[], rest: string): string {
  const lines = packages.map(({ name, version, architecture }) => `${name} ${version} ${architecture}`).sort();
  return uuid5(namespace, sha256(`${lines.join('\n')}\n${rest}`));
}

/**
 * os-release(5) with our lines at the end. The name of a runtime only stands beside its version: without one, runtimes
 * of the same content share an OS image.
 */
export function osRelease(
  base: string,
  buildId: string,
  machine: string,
  runtime: { name: string; version?: string },
): string {
  const lines = base.trimEnd().split('\n');
  const ours: Record<string, string> = {
    AVOCADO_OS_BUILD_ID: buildId,
    // The machine target: what is built for another one is not deployed to it.
    AVOCADO_TARGET: machine,
    ...(runtime.version === undefined ? {} : { RUNTIME_NAME: runtime.name, RUNTIME_VERSION: runtime.version }),
  };
  const kept = lines.filter((line) => !Object.hasOwn(ours, line.split('=')[0] ?? ''));
  return `${[...kept, ...Object.entries(ours).map(([key, value]) => `${key}=${quote(value)}`)].join('\n')}\n`;
}

function quote(value: string): string {
  return /^[A-Za-z0-9._-]+$/.test(value) ? value : `"${value.replace(/[\\"$`]/g, '\\$&')}"`;
}
