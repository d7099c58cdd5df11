import { machineName } from './layout';
import type { Package } from './package';

/** Package extensions: RPMs with an avocado.yaml and an overlay of their own, below a directory of their name. */
export function packageExtensions(): Package[] {
  return [
    extension('avocado-ext-dev', 'packages:\n      less: "*"'),
    extension('avocado-ext-sshd-dev', 'packages:\n      tree: "*"'),
    extension(`avocado-bsp-${machineName}`, ''),
  ];
}

function extension(name: string, more: string): Package {
  const yaml = `extensions:
  ${name}:
    version: 1.0.0
    overlay: overlay
${more === '' ? '' : `    ${more}\n`}`;
  return {
    group: 'extensions',
    name,
    evr: '1.0.0-r0',
    provides: ['avocado-ext-layout(nested)'],
    files: [
      { path: `/${name}/avocado.yaml`, content: yaml },
      { path: `/${name}/overlay/usr/share/${name}/about`, content: `${name} of the test feed\n` },
    ],
  };
}
