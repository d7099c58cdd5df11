import type { GroupInput, OverlayInput, PermissionsInput, SubvolumesInput, UserInput } from '../schema/parts';
import type { ExtensionSection, GroupSection, PermissionsSection, Subvolume, UserSection } from '../types';
import { compact, mapValues, text } from './compact';

export function buildOverlay(input: OverlayInput | null | undefined): ExtensionSection['overlay'] {
  if (input === null || input === undefined) return undefined;
  if (typeof input === 'string') return { dir: input, mode: 'merge', preprocess: false };
  return { dir: input.dir, mode: input.mode ?? 'merge', preprocess: input.preprocess ?? false };
}

export function buildSubvolumes(input: SubvolumesInput | null | undefined): Record<string, Subvolume> {
  return mapValues(input, (value) => {
    if (typeof value === 'boolean') return { enabled: value, writable: true };
    if (value === 'ro') return { enabled: true, writable: false };
    const { enabled, writable, compression, nodatacow, quota } = value;
    return {
      enabled: enabled ?? true,
      writable: writable ?? true,
      ...compact({ compression, nodatacow, quota: text(quota) }),
    };
  });
}

export function buildPermissions(input: PermissionsInput): PermissionsSection {
  return { users: mapValues(input.users, buildUser), groups: mapValues(input.groups, buildGroup) };
}

export function buildUser(input: UserInput): UserSection {
  const { uid, gid, gecos, home, inactive_days, expire_date } = input;
  return {
    password: input.password ?? '*',
    shell: input.shell ?? '/bin/sh',
    groups: input.groups ?? [],
    last_change: input.last_change ?? 19000,
    min_days: input.min_days ?? 0,
    max_days: input.max_days ?? 99999,
    warn_days: input.warn_days ?? 7,
    disabled: input.disabled ?? false,
    system: input.system ?? false,
    ...compact({ uid, gid, gecos, home, inactive_days, expire_date }),
  };
}

export function buildGroup({ gid, system, password, members }: GroupInput): GroupSection {
  return { system: system ?? false, members: members ?? [], ...compact({ gid, password }) };
}
