import type { FeedPackagesInput, PackageSpecInput } from '../schema/packages';
import type { PackageSpec } from '../types';
import { mapValues } from './compact';

export function buildPackages(input: Record<string, PackageSpecInput> | null | undefined): Record<string, PackageSpec> {
  return mapValues(input, buildPackage);
}

function buildPackage(input: PackageSpecInput): PackageSpec {
  if (typeof input !== 'object') return { kind: 'version', version: String(input) };
  if ('compile' in input) return { kind: 'compiled', compile: input.compile, install: input.install };
  if ('extensions' in input) return { kind: 'extensions', extensions: input.extensions };
  return { kind: 'version', version: String(input.version) };
}

export function buildFeedPackages(input: FeedPackagesInput | null | undefined): Record<string, string> {
  return mapValues(input, (value) => String(typeof value === 'object' ? value.version : value));
}

/** Extensions that are listed as packages, the legacy way. */
export function listedExtensions(packages: Record<string, PackageSpec>): string[] {
  return Object.values(packages).flatMap((spec) => (spec.kind === 'extensions' ? [spec.extensions] : []));
}
