import { AvocadoError } from '../../error';
import type { SourcePosition } from '../../error';
import { unitDirectories } from './find-unit';
import type { UnitLookup } from './find-unit';
import { parseInstall } from './unit-file';
import type { InstallSection } from './unit-file';
import { expandSpecifiers, formatUnitName, parseUnitName, templateOf, withUnitType } from './unit-name';
import type { UnitName } from './unit-name';

export interface EnableLink {
  /** Relative to the sysroot: `etc/systemd/system/multi-user.target.wants/app.service`. */
  path: string;
  /** Absolute path of the unit on the device. */
  target: string;
}

/**
 * The links that `systemctl enable` would make for `enable_services`, sorted by path. Pure but for the lookup.
 * @param positions where each of them stands, for messages
 * @throws AvocadoError `UNIT_NAME_INVALID`, `UNIT_MISSING`, `UNIT_MASKED`, `UNIT_NOT_INSTALLABLE`, `UNIT_INSTANCE_MISSING`
 */
export async function planServices(
  services: string[],
  lookup: UnitLookup,
  extension: string,
  positions: readonly SourcePosition[] = [],
): Promise<{ links: EnableLink[]; warnings: string[] }> {
  const links = new Map<string, EnableLink>();
  const warnings: string[] = [];
  const done = new Set<string>();
  let asked = 0;
  const fail = (code: string, message: string, hint: string) =>
    new AvocadoError(code, `extension ${extension}: ${message}`, { position: positions[asked], hint });

  const enable = async (wanted: string, askedBy?: string): Promise<void> => {
    const name = withUnitType(wanted);
    if (done.has(name)) return;
    done.add(name);
    const unit = parseUnitName(name);
    if (!unit) {
      throw fail('UNIT_NAME_INVALID', `${JSON.stringify(wanted)} is no name of a unit`, 'Such as: app.service');
    }
    const template = templateOf(unit);
    const found = (await lookup(name)) ?? (template === undefined ? undefined : await lookup(template));
    if (found === undefined) {
      const where = unitDirectories.map((directory) => `/${directory}`).join(', ');
      const names = template === undefined ? name : `${name} (or ${template})`;
      if (askedBy !== undefined) {
        warnings.push(`Also= of ${askedBy} names ${names}, which is not in the extension; it is not enabled`);
        return;
      }
      throw fail(
        'UNIT_MISSING',
        `enable_services names ${names}, which is not in ${where} of the extension`,
        'An extension can enable only units that it ships: in its overlay, its packages or what its scripts install.',
      );
    }
    if (found === 'masked') {
      throw fail(
        'UNIT_MASKED',
        `enable_services names ${name}, which is a link to /dev/null`,
        'Take out one of the two.',
      );
    }
    const install = parseInstall(found.text);
    if (!install) {
      if (askedBy !== undefined) return;
      throw fail(
        'UNIT_NOT_INSTALLABLE',
        `${found.path} has no [Install] section that says what it is part of`,
        'Add to the unit: [Install], and below it WantedBy=multi-user.target',
      );
    }
    const enabled = withInstance(unit, install);
    if (!enabled) {
      throw fail(
        'UNIT_INSTANCE_MISSING',
        `${name} is a template and its [Install] has no DefaultInstance`,
        `Name the instance: ${formatUnitName({ ...unit, instance: 'name' })}`,
      );
    }
    for (const link of linksOf(enabled, install, found.path, warnings)) links.set(link.path, link);
    for (const also of install.also) {
      const other = expandSpecifiers(also, enabled);
      if (other !== undefined) await enable(other, name);
    }
  };
  for (const service of services) {
    await enable(service);
    asked += 1;
  }
  return { links: [...links.values()].sort((a, b) => (a.path < b.path ? -1 : 1)), warnings };
}

/** The unit itself, or a template's default instance; undefined where a template has none. */
function withInstance(unit: UnitName, { defaultInstance }: InstallSection): UnitName | undefined {
  if (unit.instance !== '') return unit;
  return defaultInstance === undefined ? undefined : { ...unit, instance: defaultInstance };
}

function linksOf(unit: UnitName, install: InstallSection, target: string, warnings: string[]): EnableLink[] {
  const name = formatUnitName(unit);
  const expand = (text: string): string | undefined => {
    const other = parseUnitName(expandSpecifiers(text, unit) ?? '');
    if (!other) {
      warnings.push(`[Install] of ${name} names ${text}, which cannot be resolved here; left out`);
      return undefined;
    }
    // A template wanted by an instance means the instance of the same name.
    return formatUnitName(other.instance === '' && unit.instance ? { ...other, instance: unit.instance } : other);
  };
  const directory = 'etc/systemd/system';
  const groups = [
    ...install.wantedBy.map((text) => ({ text, suffix: 'wants' })),
    ...install.requiredBy.map((text) => ({ text, suffix: 'requires' })),
    ...install.upheldBy.map((text) => ({ text, suffix: 'upholds' })),
  ];
  const links = groups.flatMap(({ text, suffix }) => {
    const other = expand(text);
    return other === undefined ? [] : [{ path: `${directory}/${other}.${suffix}/${name}`, target }];
  });
  const aliases = install.alias.flatMap((text) => {
    const alias = expand(text);
    return alias === undefined || alias === name ? [] : [{ path: `${directory}/${alias}`, target }];
  });
  return [...links, ...aliases];
}
