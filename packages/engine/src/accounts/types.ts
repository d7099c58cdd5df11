import type { PermissionsSection } from '../config/types';

/** The text of the four account files, as in passwd(5), shadow(5), group(5) and gshadow(5). A missing file is `''`. */
export interface Accounts {
  passwd: string;
  shadow: string;
  group: string;
  gshadow: string;
}

/** `users` and `groups` of a permissions section or of an extension. */
export type Permissions = Pick<PermissionsSection, 'users' | 'groups'>;

/** The files' names and modes below `etc/`: the two with passwords are for root alone. */
export const accountFiles: readonly { name: keyof Accounts; mode: number }[] = [
  { name: 'passwd', mode: 0o644 },
  { name: 'shadow', mode: 0o600 },
  { name: 'group', mode: 0o644 },
  { name: 'gshadow', mode: 0o600 },
];
