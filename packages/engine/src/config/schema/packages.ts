import { z } from 'zod';
import { named, lineOrNumber, nameKey, section, sourcePath } from './strict';

const version = lineOrNumber.describe("'*' for any version, or a version.");
const versioned = section({ version });

export const compiledPackage = section({
  compile: nameKey.describe('Section of sdk.compile that builds it.'),
  install: sourcePath.describe('Script that installs the result into $AVOCADO_BUILD_EXT_SYSROOT.'),
});

const legacyExtension = section({
  extensions: nameKey.describe('Legacy: an extension, listed as a package.'),
  version: version.nullish(),
  config: sourcePath.nullish().describe('Legacy: ignored.'),
});

export const packageSpec = z.union([version, versioned, compiledPackage, legacyExtension]);

/** Packages of an extension or a runtime. */
export const packages = named(packageSpec).describe('Packages by name.').meta({ id: 'packages' });

/** Packages that only the feed provides. */
export const feedPackages = named(z.union([version, versioned]))
  .describe("Packages of the feed by name, with '*' or a version.")
  .meta({ id: 'feedPackages' });

export type PackageSpecInput = z.infer<typeof packageSpec>;
export type FeedPackagesInput = z.infer<typeof feedPackages>;
