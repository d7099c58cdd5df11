import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { machineName, sdkPrefix } from './layout';
import type { PackageFile } from './package';

/** The SDK's `stone`, `avocado-provision-<target>` and `vm`: scripts of tools/test-feed/sdk over Debian's programs. */
export function stoneFiles(): PackageFile[] {
  return programs().filter(({ path }) => !path.endsWith('/vm'));
}

export function vmFiles(): PackageFile[] {
  return programs().filter(({ path }) => path.endsWith('/vm'));
}

function programs(): PackageFile[] {
  const directory = join(__dirname, 'sdk');
  return readdirSync(directory)
    .sort()
    .map((name) => {
      const content = readFileSync(join(directory, name), 'utf8');
      return name === `stone-${machineName}.json`
        ? { path: `${sdkPrefix}/stone/${name}`, content }
        : { path: `${sdkPrefix}/usr/bin/${name}`, content, mode: 0o755 };
    });
}
