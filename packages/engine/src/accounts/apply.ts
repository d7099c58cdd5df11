import type { GroupSection, UserSection } from '../config/types';
import { AvocadoError } from '../error';
import { IdTable } from './ids';
import { AccountTable } from './table';
import type { Accounts, Permissions } from './types';

const defaultShell = '/bin/sh';

/**
 * Applies a `permissions` section (contract 1.6) to the account files of an OS image.
 *
 * - An account that is there already is updated in place: what the section names, and its whole shadow line.
 * - A new user gets a primary group of the same name (unless `gid` names one) and is a member of every group listed.
 * - Numbers that the section leaves out are given in the order of names, from 1000 (`system`: down from 999), so the same
 *   section gives the same numbers.
 *
 * Pure. The warnings are for the user.
 * @throws AvocadoError `ACCOUNT_INVALID`, `ACCOUNT_ID_TAKEN`, `ACCOUNT_IDS_EXHAUSTED`, `ACCOUNT_FILE_INVALID`
 */
export function applyPermissions(
  accounts: Accounts,
  permissions: Permissions,
): { accounts: Accounts; warnings: string[] } {
  const state = new AccountState(accounts);
  const users = sorted(permissions.users);
  const groups = sorted(permissions.groups);
  for (const [name] of [...users, ...groups]) checkName(name);

  // Numbers that somebody chose come first, so that no automatic one takes them.
  for (const [name, group] of groups) if (group.gid !== undefined) state.claimGid(name, group.gid);
  for (const [name, user] of users) if (user.uid !== undefined) state.claimUid(name, user.uid);
  for (const [name, user] of users) state.user(name, user, permissions.groups);
  for (const [name, group] of groups) state.group(name, group);
  for (const [name, user] of users) for (const group of user.groups) state.member(group, name, `user ${name}`);
  for (const [name, group] of groups) for (const member of group.members) state.listedMember(name, member);
  return { accounts: state.accounts(), warnings: state.warnings };
}

function sorted<T>(map: Record<string, T>): [string, T][] {
  return Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1));
}

function checkName(name: string): void {
  if (/^[A-Za-z_][A-Za-z0-9_.-]{0,30}\$?$/.test(name)) return;
  throw new AvocadoError('ACCOUNT_INVALID', `${JSON.stringify(name)} is no name for a user or group`, {
    hint: 'A letter or _ first, then letters, digits, _, . or -, at most 31 in all.',
  });
}

class AccountState {
  readonly warnings: string[] = [];
  private readonly passwd: AccountTable;
  private readonly shadow: AccountTable;
  private readonly groups: AccountTable;
  private readonly gshadow: AccountTable;
  private readonly uids = new IdTable('uid');
  private readonly gids = new IdTable('gid');

  constructor(accounts: Accounts) {
    this.passwd = new AccountTable(accounts.passwd, 'passwd', 7);
    this.shadow = new AccountTable(accounts.shadow, 'shadow', 9);
    this.groups = new AccountTable(accounts.group, 'group', 4);
    this.gshadow = new AccountTable(accounts.gshadow, 'gshadow', 4);
    for (const name of this.passwd.names()) this.uids.note(Number(this.passwd.get(name, 2)), name);
    for (const name of this.groups.names()) this.gids.note(Number(this.groups.get(name, 2)), name);
  }

  accounts(): Accounts {
    return {
      passwd: String(this.passwd),
      shadow: String(this.shadow),
      group: String(this.groups),
      gshadow: String(this.gshadow),
    };
  }

  claimUid(name: string, uid: number): void {
    const old = this.passwd.get(name, 2);
    if (old !== undefined && Number(old) !== uid) this.uids.release(Number(old), name);
    this.uids.claim(uid, name);
  }

  claimGid(name: string, gid: number): void {
    const old = this.groups.get(name, 2);
    if (old !== undefined && Number(old) !== gid) this.gids.release(Number(old), name);
    this.gids.claim(gid, name);
  }

  user(name: string, user: UserSection, groups: Record<string, GroupSection>): void {
    const known = this.passwd.has(name);
    for (const [key, value] of Object.entries({ home: user.home, shell: user.shell })) {
      if (value !== undefined && value !== '' && !value.startsWith('/')) {
        throw new AvocadoError('ACCOUNT_INVALID', `user ${name}: ${key} must be an absolute path, not ${value}`);
      }
    }
    const old = this.passwd.get(name, 2);
    // One number for the user and for the group of the same name, where both are new.
    const uid = user.uid ?? (old === undefined ? this.uids.allocate(name, user.system, this.gids) : Number(old));
    const gid = this.primaryGroup(name, uid, user, groups);
    this.passwd.set(name, {
      1: 'x',
      2: String(uid),
      3: String(gid),
      ...(user.gecos !== undefined || !known ? { 4: user.gecos ?? '' } : {}),
      ...(user.home !== undefined || !known ? { 5: user.home ?? (user.system ? '/' : `/home/${name}`) } : {}),
      // The default cannot be told from a shell that was asked for; an existing account keeps its own.
      ...(user.shell !== defaultShell || !known ? { 6: user.shell } : {}),
    });
    const day = (value: number | undefined) => (value === undefined ? '' : String(value));
    this.shadow.set(name, {
      1: user.disabled ? `!${user.password}` : user.password,
      2: day(user.last_change),
      3: day(user.min_days),
      4: day(user.max_days),
      5: day(user.warn_days),
      6: day(user.inactive_days),
      // A locked password alone leaves a login by key open: day 1 has expired for every kind of login.
      7: day(user.expire_date ?? (user.disabled ? 1 : undefined)),
    });
    if (user.password === '' && !user.disabled) {
      this.warnings.push(`user ${name} has an empty password: anybody who reaches the device can log in as ${name}`);
    }
  }

  private primaryGroup(name: string, uid: number, user: UserSection, groups: Record<string, GroupSection>): number {
    const current = this.passwd.get(name, 3);
    if (user.gid === undefined && current !== undefined) return Number(current);
    const own = groups[name]?.gid ?? this.numberOf(name);
    if (user.gid === undefined) {
      if (own !== undefined) return own;
      const free = !this.gids.has(uid);
      if (free) this.gids.claim(uid, name);
      return this.createGroup(name, free ? uid : this.gids.allocate(name, user.system));
    }
    if (!this.gids.has(user.gid)) {
      if (own !== undefined) this.warnings.push(`user ${name}: no group has gid ${user.gid}`);
      else {
        this.gids.claim(user.gid, name);
        this.createGroup(name, user.gid);
      }
    }
    return user.gid;
  }

  group(name: string, group: GroupSection): void {
    if (group.gid !== undefined) this.createGroup(name, group.gid);
    else if (!this.groups.has(name)) this.createGroup(name, this.gids.allocate(name, group.system));
    if (group.password !== undefined) this.gshadow.set(name, { 1: group.password });
  }

  /** Adds the line, or moves the group to `gid`. */
  private createGroup(name: string, gid: number): number {
    this.groups.set(name, { 1: 'x', 2: String(gid) });
    if (!this.gshadow.has(name)) this.gshadow.set(name, {}, [name, '!']);
    return gid;
  }

  private numberOf(group: string): number | undefined {
    const gid = this.groups.get(group, 2);
    return gid === undefined ? undefined : Number(gid);
  }

  listedMember(group: string, member: string): void {
    checkName(member);
    if (!this.passwd.has(member)) this.warnings.push(`group ${group}: its member ${member} is no user`);
    this.member(group, member, `group ${group}`);
  }

  /** Groups of sysusers.d exist only on the device: made here, with a warning, they have their members from the start. */
  member(group: string, user: string, place: string): void {
    checkName(group);
    if (!this.groups.has(group)) {
      this.createGroup(group, this.gids.allocate(group, true));
      this.warnings.push(
        `${place}: group ${group} was not there and has been made; add it to groups to choose its gid`,
      );
    }
    for (const table of [this.groups, this.gshadow]) {
      if (!table.has(group)) table.set(group, {}, [group, '*']);
      const members = (table.get(group, 3) ?? '').split(',').filter((name) => name !== '');
      if (!members.includes(user)) table.set(group, { 3: [...members, user].join(',') });
    }
  }
}
