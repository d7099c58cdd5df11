import { prefixEntries, setupEnvironment } from '../../packages/engine/src/sdk';
import { shellQuote } from '../../packages/engine/src/sdk/quote';
import { target } from './debian';
import { machineName, sdkPrefix } from './layout';
import type { PackageFile } from './package';

const options = {
  machine: machineName,
  buildArchitecture: 'amd64',
  targetArchitecture: target.architecture,
  triple: target.rust,
  sysroot: true,
} as const;

/**
 * What avocado-sdk-bootstrap brings: `environment-setup` with the variables of contract 2.1, the target specification
 * that scripts look for, CMake's toolchain file. Debian's programs are not linked for another prefix: the
 * environment says where their libraries are.
 */
export function environmentFiles(): PackageFile[] {
  const variables = {
    ...setupEnvironment(options),
    LD_LIBRARY_PATH: `${sdkPrefix}/usr/lib/${target.gnu}:${sdkPrefix}/usr/lib`,
  };
  const lines = Object.entries(variables).map(([name, value]) => `export ${name}=${shellQuote(value)}\n`);
  const path = `export PATH=${sdkPrefix}/usr/bin:${sdkPrefix}/usr/sbin:$PATH\n`;
  return [
    { path: `${sdkPrefix}/environment-setup`, content: lines.join('') + path },
    ...prefixEntries(options).flatMap((entry) =>
      'content' in entry && entry.path !== 'environment-setup'
        ? [{ path: `${sdkPrefix}/${entry.path}`, content: entry.content }]
        : [],
    ),
    { path: `${sdkPrefix}/usr/bin/cc`, link: 'gcc' },
    { path: `${sdkPrefix}/usr/bin/c++`, link: 'g++' },
  ];
}
