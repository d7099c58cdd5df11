import type { GroupSection, UserSection } from '../config/types';
import { applyPermissions } from '.';
import type { Accounts } from '.';

const base: Accounts = {
  passwd:
    'root:x:0:0:root:/root:/bin/bash\ndaemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\nold:x:1000:1000::/home/old:/bin/bash\n',
  shadow: 'root:*:19000:0:99999:7:::\ndaemon:*:19000:0:99999:7:::\nold:!:19000:0:99999:7:::\n',
  group: 'root:x:0:\ndaemon:x:1:\nvideo:x:44:\nold:x:1000:\n',
  gshadow: 'root:*::\ndaemon:*::\nold:!::\n',
};

const user = (given: Partial<UserSection> = {}): UserSection => ({
  password: '*',
  shell: '/bin/sh',
  groups: [],
  last_change: 19000,
  min_days: 0,
  max_days: 99999,
  warn_days: 7,
  disabled: false,
  system: false,
  ...given,
});
const group = (given: Partial<GroupSection> = {}): GroupSection => ({ system: false, members: [], ...given });
const line = (text: string, name: string) => text.split('\n').find((one) => one.startsWith(`${name}:`));

test('nothing asked for changes nothing', () => {
  expect(applyPermissions(base, { users: {}, groups: {} })).toEqual({ accounts: base, warnings: [] });
});

test('root with an empty password keeps its passwd line, and the user is warned', () => {
  const { accounts, warnings } = applyPermissions(base, { users: { root: user({ password: '' }) }, groups: {} });
  expect(accounts.passwd).toBe(base.passwd);
  expect(line(accounts.shadow, 'root')).toBe('root::19000:0:99999:7:::');
  expect(warnings).toEqual([expect.stringContaining('user root has an empty password')]);
});

test('an existing user is updated where the section says something', () => {
  const { accounts } = applyPermissions(base, {
    users: { old: user({ uid: 1500, gecos: 'Old One', home: '/var/home/old', shell: '/bin/zsh', password: '$6$x' }) },
    groups: {},
  });
  expect(line(accounts.passwd, 'old')).toBe('old:x:1500:1000:Old One:/var/home/old:/bin/zsh');
  expect(line(accounts.shadow, 'old')).toBe('old:$6$x:19000:0:99999:7:::');
  expect(accounts.passwd.split('\n').map((one) => one.split(':')[0])).toEqual(['root', 'daemon', 'old', '']);
});

test('new users get stable numbers in the order of names, each with a group of its own', () => {
  const one = applyPermissions(base, { users: { zoe: user(), amy: user(), sys: user({ system: true }) }, groups: {} });
  const two = applyPermissions(base, { users: { sys: user({ system: true }), amy: user(), zoe: user() }, groups: {} });
  expect(one).toEqual(two);
  expect(line(one.accounts.passwd, 'amy')).toBe('amy:x:1001:1001::/home/amy:/bin/sh');
  expect(line(one.accounts.passwd, 'zoe')).toBe('zoe:x:1002:1002::/home/zoe:/bin/sh');
  expect(line(one.accounts.passwd, 'sys')).toBe('sys:x:999:999::/:/bin/sh');
  expect(line(one.accounts.group, 'zoe')).toBe('zoe:x:1002:');
  expect(line(one.accounts.gshadow, 'zoe')).toBe('zoe:!::');
});

test('numbers that were chosen are never given to somebody else', () => {
  const { accounts } = applyPermissions(base, {
    users: { amy: user(), zoe: user({ uid: 1001 }) },
    groups: { app: group({ gid: 1002 }) },
  });
  expect(line(accounts.passwd, 'zoe')).toMatch(/^zoe:x:1001:1001:/);
  expect(line(accounts.passwd, 'amy')).toMatch(/^amy:x:1003:1003:/);
});

test('every listed group gets the member, the first one too', () => {
  const { accounts, warnings } = applyPermissions(base, {
    users: { amy: user({ groups: ['video', 'app', 'docker'] }) },
    groups: { app: group({ members: ['old', 'amy', 'ghost'] }) },
  });
  expect(line(accounts.group, 'video')).toBe('video:x:44:amy');
  expect(line(accounts.gshadow, 'video')).toBe('video:*::amy');
  expect(line(accounts.group, 'app')).toBe('app:x:1002:amy,old,ghost');
  expect(line(accounts.gshadow, 'app')).toBe('app:!::amy,old,ghost');
  expect(line(accounts.group, 'docker')).toBe('docker:x:999:amy');
  expect(warnings).toEqual([
    expect.stringContaining('group docker was not there'),
    'group app: its member ghost is no user',
  ]);
});

test('a primary group by its number', () => {
  const { accounts, warnings } = applyPermissions(base, {
    users: { amy: user({ gid: 44 }), bob: user({ gid: 1234 }), old: user({ gid: 4321 }) },
    groups: { amy: group() },
  });
  expect(line(accounts.passwd, 'amy')).toMatch(/^amy:x:1001:44:/);
  expect(line(accounts.passwd, 'bob')).toMatch(/:1234:/);
  expect(line(accounts.group, 'bob')).toBe('bob:x:1234:');
  expect(warnings).toEqual(['user old: no group has gid 4321']);
});

test('a group is moved, given a password, and joined by a user of the same name', () => {
  const { accounts } = applyPermissions(base, {
    users: { app: user() },
    groups: { video: group({ gid: 45 }), app: group({ gid: 2000, password: '$6$y' }) },
  });
  expect(line(accounts.group, 'video')).toBe('video:x:45:');
  expect(line(accounts.passwd, 'app')).toMatch(/^app:x:1001:2000:/);
  expect(line(accounts.group, 'app')).toBe('app:x:2000:');
  expect(line(accounts.gshadow, 'app')).toBe('app:$6$y::');
});

test('a disabled user is locked for keys as well as for passwords', () => {
  const { accounts, warnings } = applyPermissions(base, {
    users: { amy: user({ disabled: true, password: '', inactive_days: 3 }) },
    groups: {},
  });
  expect(line(accounts.shadow, 'amy')).toBe('amy:!:19000:0:99999:7:3:1:');
  expect(warnings).toEqual([]);
});

test.each([
  ['a taken uid', 'ACCOUNT_ID_TAKEN', { users: { amy: user({ uid: 1 }) }, groups: {} }],
  ['a taken gid', 'ACCOUNT_ID_TAKEN', { users: {}, groups: { app: group({ gid: 44 }) } }],
  ['a name with a colon', 'ACCOUNT_INVALID', { users: { 'a:b': user() }, groups: {} }],
  ['a member with a comma', 'ACCOUNT_INVALID', { users: {}, groups: { app: group({ members: ['a,b'] }) } }],
  ['a password with a line break', 'ACCOUNT_INVALID', { users: { amy: user({ password: 'x\nroot::' }) }, groups: {} }],
  ['a relative home', 'ACCOUNT_INVALID', { users: { amy: user({ home: 'amy' }) }, groups: {} }],
])('%s is refused: %s', (_what, code, permissions) => {
  expect(() => applyPermissions(base, permissions)).toThrow(expect.objectContaining({ code }));
});

test('a broken account file is an error, not a lost account', () => {
  expect(() => applyPermissions({ ...base, passwd: 'root:x:0\n' }, { users: {}, groups: {} })).toThrow(
    expect.objectContaining({ code: 'ACCOUNT_FILE_INVALID' }),
  );
});
