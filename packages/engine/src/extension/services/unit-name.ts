/** The parts of a unit's name, as in systemd.unit(5): `serial-getty@ttyGS0.service`. */
export interface UnitName {
  /** `serial-getty` */
  prefix: string;
  /** `ttyGS0`; empty for a template; absent for a unit that is neither. */
  instance?: string;
  /** `service` */
  type: string;
}

const types = 'service|socket|device|mount|automount|swap|target|path|timer|slice|scope';
const pattern = new RegExp(`^([A-Za-z0-9:_.\\\\-]+)(?:@([A-Za-z0-9:_.\\\\@-]*))?\\.(${types})$`);

/** @returns undefined where it is no valid name of a unit */
export function parseUnitName(name: string): UnitName | undefined {
  const [, prefix, instance, type] = pattern.exec(name) ?? [];
  if (prefix === undefined || type === undefined || name.length > 255) return undefined;
  return { prefix, type, ...(instance === undefined ? {} : { instance }) };
}

/** As systemctl: a name without a type is a service. */
export function withUnitType(name: string): string {
  return new RegExp(`\\.(${types})$`).test(name) ? name : `${name}.service`;
}

export function formatUnitName({ prefix, instance, type }: UnitName): string {
  return `${prefix}${instance === undefined ? '' : `@${instance}`}.${type}`;
}

/** The template that an instance is made from; undefined for other units. */
export function templateOf(unit: UnitName): string | undefined {
  return unit.instance ? formatUnitName({ ...unit, instance: '' }) : undefined;
}

/**
 * The specifiers that [Install] may use and that do not depend on the device.
 * @returns undefined where the text has another one
 */
export function expandSpecifiers(text: string, unit: UnitName): string | undefined {
  const name = formatUnitName(unit);
  const values: Record<string, string> = {
    '%': '%',
    n: name,
    N: name.slice(0, -unit.type.length - 1),
    p: unit.prefix,
    P: unescapeUnit(unit.prefix),
    i: unit.instance ?? '',
    I: unescapeUnit(unit.instance ?? ''),
    j: unit.prefix.slice(unit.prefix.lastIndexOf('-') + 1),
    J: unescapeUnit(unit.prefix.slice(unit.prefix.lastIndexOf('-') + 1)),
  };
  let unknown = false;
  const result = text.replace(/%(.?)/g, (_whole, letter: string) => {
    const value = values[letter];
    unknown ||= value === undefined;
    return value ?? '';
  });
  return unknown ? undefined : result;
}

/** systemd-escape(1), backwards: `-` is `/`, `\x2d` is the byte. */
function unescapeUnit(text: string): string {
  return text
    .replaceAll('-', '/')
    .replace(/\\x([0-9a-f]{2})/g, (_whole, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}
