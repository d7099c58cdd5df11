import { listedExtensions } from '../build/packages';
import type { PackageSpec } from '../types';
import type { Rule } from './rule';

type Packaged = { packages: Record<string, PackageSpec> };

/** A second mention of an extension has no effect. */
export const repeatedExtensions: Rule = ({ config, input, warn }) => {
  for (const name of Object.keys(config.runtimes)) {
    const seen = new Set<string>();
    (input.runtimes?.[name]?.extensions ?? []).forEach((entry, index) => {
      const extension = typeof entry === 'string' ? entry : (Object.keys(entry)[0] ?? '');
      if (seen.has(extension)) {
        const message = `'${extension}' is listed twice; only the first place counts`;
        warn(['runtimes', name, 'extensions', index], { code: 'CONFIG_REPEATED', message });
      }
      seen.add(extension);
    });
  }
};

/** The legacy way to list an extension. */
export const extensionsAsPackages: Rule = ({ config, warn }) => {
  for (const collection of ['extensions', 'runtimes'] as const) {
    for (const [name, { packages }] of Object.entries<Packaged>(config[collection])) {
      if (listedExtensions(packages).length === 0) continue;
      for (const [package_, spec] of Object.entries(packages)) {
        if (spec.kind !== 'extensions') continue;
        const message = `'${package_}' lists the extension '${spec.extensions}' as a package, which is deprecated`;
        const hint = `List it under 'extensions'.`;
        warn([collection, name, 'packages', package_], { code: 'CONFIG_DEPRECATED', message, hint });
      }
    }
  }
};

/** The part of var that Avocado itself writes stays writable. */
export const writableState: Rule = ({ config, input, warn }) => {
  for (const name of Object.keys(config.runtimes)) {
    const written = input.runtimes?.[name]?.var?.subvolumes?.['lib/avocado'];
    const off =
      written === false ||
      written === 'ro' ||
      (typeof written === 'object' && (written.enabled === false || written.writable === false));
    if (!off) continue;
    warn(['runtimes', name, 'var', 'subvolumes', 'lib/avocado'], {
      code: 'CONFIG_IGNORED',
      message: 'lib/avocado is always a writable subvolume',
    });
  }
};
