import { isKernelSpec } from '../kernel-version';
import { suggest } from '../nearest';
import type { Rule } from './rule';

const KINDS = ['kernel', 'rootfs', 'initramfs'] as const;

/** A runtime's `kernel`, `rootfs` and `initramfs` name sections that exist. */
export const noUndefinedImageSections: Rule = ({ config, input, error }) => {
  for (const [name, runtime] of Object.entries(config.runtimes)) {
    for (const kind of KINDS) {
      const reference = runtime[kind];
      const defined = kind === 'kernel' ? (input.kernel ?? {}) : config[kind];
      if (reference === undefined || Object.hasOwn(defined, reference)) continue;
      error(['runtimes', name, kind], {
        code: 'CONFIG_SECTION_UNDEFINED',
        message: `runtime '${name}' uses the ${kind} section '${reference}', which is not defined`,
        hint: () => suggest(reference, Object.keys(defined), 'Available are'),
      });
    }
  }
};

/** An image's `permissions` names a section that exists. */
export const noUndefinedPermissions: Rule = ({ config, error }) => {
  for (const kind of ['rootfs', 'initramfs'] as const) {
    for (const [name, { permissions }] of Object.entries(config[kind])) {
      if (permissions === undefined || Object.hasOwn(config.permissions, permissions)) continue;
      error([kind, name, 'permissions'], {
        code: 'CONFIG_SECTION_UNDEFINED',
        message: `there is no section '${permissions}' in permissions`,
        hint: () => suggest(permissions, Object.keys(config.permissions), 'Available are'),
      });
    }
  }
};

/** A kernel is a package or is compiled (contract 1.6; upstream's own words). */
export const kernelIsPackageOrCompiled: Rule = ({ input, error }) => {
  for (const [name, section] of Object.entries(input.kernel ?? {})) {
    const { package: package_, compile, install, version } = section ?? {};
    const fail = (message: string, hint: string): void =>
      error(['kernel', name], { code: 'CONFIG_KERNEL', message: `kernel '${name}': ${message}`, hint });
    if (package_ && compile) fail("'package' and 'compile' are mutually exclusive", 'Keep one of the two.');
    else if (compile && !install) fail("'compile' requires 'install' to be set", "Add 'install: <script>'.");
    else if (!package_ && !compile) {
      fail("either 'package' or 'compile' must be set", "Write 'package: <name>', or 'compile' and 'install'.");
    }
    if (version === null || version === undefined || isKernelSpec(String(version))) continue;
    error(['kernel', name, 'version'], {
      code: 'CONFIG_KERNEL_VERSION',
      message: `'${version}' is no kernel version`,
      hint: "Write an exact version, '5.15.*', or a range such as '>= 6.6, < 6.12'.",
    });
  }
};
