import type { AvocadoConfig, PackageSpec } from '../config/types';
import type { RootName } from './types';

export interface Project {
  kind: 'extension' | 'runtime';
  name: string;
}

/** An Avocado package name, and where in the config it is asked for. */
export interface Want {
  name: string;
  path: string[];
}

/** What a project asks for, by root. A root that is there with no names is needed as such. */
export type Wants = Partial<Record<RootName, Want[]>>;

export function projectWants(config: AvocadoConfig, project: Project): Wants {
  return project.kind === 'extension' ? extensionWants(config, project.name) : runtimeWants(config, project.name);
}

function extensionWants(config: AvocadoConfig, name: string): Wants {
  const section = config.extensions[name];
  if (!section) return {};
  const path = ['extensions', name];
  const shipped = shippedWants(section.packages, path);
  const sections = compileSections(section.packages);
  const compiles = sections.length > 0 || section.post_build !== undefined;
  return {
    ...(compiles ? compileWants(config, sections, named(section.sdk.packages, [...path, 'sdk', 'packages'])) : {}),
    ...(shipped.length > 0 ? { extension: shipped } : {}),
  };
}

function runtimeWants(config: AvocadoConfig, name: string): Wants {
  const section = config.runtimes[name];
  if (!section) return {};
  const path = ['runtimes', name];
  const kernel = section.kernel === undefined ? undefined : config.kernel[section.kernel];
  const sections = compileSections(section.packages);
  if (kernel?.kind === 'compiled') sections.push(kernel.compile);
  const kernelPath = ['kernel', section.kernel ?? 'default', 'package'];
  return {
    ...(sections.length > 0 ? compileWants(config, sections, []) : {}),
    rootfs: [...osImageWants(config, section.rootfs), ...shippedWants(section.packages, path)],
    initramfs: imageWants(config, 'initramfs', section.initramfs),
    kernel: kernel?.kind === 'package' ? [{ name: kernel.package, path: kernelPath }] : [],
  };
}

/** The OS image's packages: of the named section, else of `default`. */
export function osImageWants(config: AvocadoConfig, section = 'default'): Want[] {
  return imageWants(config, 'rootfs', section);
}

function imageWants(config: AvocadoConfig, kind: 'rootfs' | 'initramfs', section: string): Want[] {
  return named(config[kind][section]?.packages ?? { [`avocado-pkg-${kind}`]: '*' }, [kind, section, 'packages']);
}

function compileWants(config: AvocadoConfig, sections: string[], own: Want[]): Wants {
  return {
    toolchain: [...named(config.sdk.packages, ['sdk', 'packages']), ...own],
    sysroot: sections.flatMap((section) =>
      named(config.sdk.compile[section]?.packages ?? {}, ['sdk', 'compile', section, 'packages']),
    ),
  };
}

function compileSections(packages: Record<string, PackageSpec>): string[] {
  return Object.values(packages).flatMap((spec) => (spec.kind === 'compiled' ? [spec.compile] : []));
}

function shippedWants(packages: Record<string, PackageSpec>, path: string[]): Want[] {
  return named(packages, [...path, 'packages']).filter(({ name }) => packages[name]?.kind === 'version');
}

function named(packages: Record<string, unknown>, path: string[]): Want[] {
  return Object.keys(packages).map((name) => ({ name, path: [...path, name] }));
}
